// npm `osc-js`: its datagram plugin sends from one socket and listens at another.
const OSC = require("osc-js");

const [port, replyPort] = process.argv.slice(2).map(Number);
const osc = new OSC({
  plugin: new OSC.DatagramPlugin({
    open: { host: "127.0.0.1", port: replyPort }, send: { host: "127.0.0.1", port },
  }),
});
for (const name of ["done", "fail", "progress", "clip", "failed"]) {
  osc.on(`/bridge/${name}`, (message) => console.log("heard", message.address, message.args.join(" ")));
}
osc.on("open", () => {
  osc.send(new OSC.Message(
    "/bridge/generate", "from-osc-js", "dusty lo-fi", "bars", 4, "seed", 7, "reply_port", replyPort,
  ));
});
osc.open();
