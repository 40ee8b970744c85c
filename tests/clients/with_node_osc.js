// npm `node-osc`: client and server are separate sockets, so the answers need reply_port.
const { Client, Server } = require("node-osc");

const [port, replyPort] = process.argv.slice(2).map(Number);
const server = new Server(replyPort, "127.0.0.1", () => {
  const client = new Client("127.0.0.1", port);
  client.send("/bridge/generate", "from-node-osc", "dusty lo-fi", "bars", 4, "reply_port", replyPort);
});
server.on("message", (message) => console.log("heard", message.join(" ")));
