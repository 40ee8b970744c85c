// npm `osc`: one socket both ways, typed arguments.
const osc = require("osc");

const port = Number(process.argv[2]);
const udp = new osc.UDPPort({
  localAddress: "127.0.0.1", localPort: 0, remoteAddress: "127.0.0.1", remotePort: port, metadata: true,
});
udp.on("message", (message) => {
  console.log("heard", message.address, message.args.map((arg) => arg.value).join(" "));
});
udp.on("ready", () => {
  udp.send({
    address: "/bridge/generate",
    args: [
      { type: "s", value: "from-osc" }, { type: "s", value: "dusty lo-fi" },
      { type: "s", value: "bars" }, { type: "d", value: 4 },
      { type: "s", value: "loop" }, { type: "T", value: true },
      { type: "s", value: "seed" }, { type: "h", value: { high: 0, low: 7, unsigned: false } },
    ],
  });
  udp.send({ address: "/bridge/ping", args: [{ type: "s", value: "nil-is-refused" }, { type: "N" }] });
});
udp.open();
