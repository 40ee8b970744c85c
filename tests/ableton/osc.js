// OSC as [udpsend] writes and [udpreceive] reads it: an integral number leaves as int32, any other as
// float32; a symbol with spaces is one string.
'use strict';

function text(value) {
  const bytes = Buffer.from(`${value}\0`, 'utf8');
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

function encode(address, args) {
  let tags = ',';
  const parts = args.map((arg) => {
    const four = Buffer.alloc(4);
    if (typeof arg === 'string') {
      tags += 's';
      return text(arg);
    }
    if (Number.isInteger(arg)) {
      tags += 'i';
      four.writeInt32BE(arg);
    } else {
      tags += 'f';
      four.writeFloatBE(arg);
    }
    return four;
  });
  return Buffer.concat([text(address), text(tags), ...parts]);
}

function decode(packet) {
  let at = 0;
  const string = () => {
    const end = packet.indexOf(0, at);
    const value = packet.toString('utf8', at, end);
    at = end + 4 - ((end - at) % 4);
    return value;
  };
  if (packet.length % 4) throw new Error('not a multiple of 4');
  const address = string();
  const tags = string();
  const args = [...tags.slice(1)].map((tag) => {
    if (tag === 's') return string();
    if (tag === 'T' || tag === 'F') return tag === 'T' ? 1 : 0;
    if (tag !== 'i' && tag !== 'f') throw new Error(`Max reads no OSC type ${tag}`);
    at += 4;
    return tag === 'i' ? packet.readInt32BE(at - 4) : packet.readFloatBE(at - 4);
  });
  return { address, args };
}

module.exports = { encode, decode };
