// `/` answers "ok"; `/sum?size=N` with the sum of the little-endian 64-bit words of the first N bytes of FILE modulo 2^64;
// `/sum` with that of the request's body.
//
//     node node_server.js PORT [FILE]
'use strict';
const fs = require('node:fs');
const http = require('node:http');

const [port, file] = process.argv.slice(2);
const fd = file ? fs.openSync(file, 'r') : -1;
const PIECE_BYTES = 256 * 1024;
const piece = new Uint32Array(PIECE_BYTES / 4);  // One, warm, that stays in the processor's cache: the fastest way Node has.

// Exact for as many words as a piece has: each half adds up to less than 2^53.
function sumOfPiece(halves) {
  let low = 0, high = 0;
  for (let i = 0; i < halves.length; i += 2) {
    low += halves[i];
    high += halves[i + 1];
  }
  return BigInt(low) + (BigInt(high) << 32n);
}

function sumOfFile(size) {
  let sum = 0n;
  for (let at = 0; at < size;) {
    const got = fs.readSync(fd, piece, 0, Math.min(PIECE_BYTES, size - at), at);
    if (got === 0) throw new Error('the file is too short');
    sum += sumOfPiece(piece.subarray(0, got / 4));
    at += got;
  }
  return sum;
}

function sumOfBody(parts, size) {
  const body = new Uint8Array(size);
  let at = 0, sum = 0n;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  for (at = 0; at < size; at += PIECE_BYTES) {
    sum += sumOfPiece(new Uint32Array(body.buffer, at, Math.min(PIECE_BYTES, size - at) / 4));
  }
  return sum;
}

function answer(response, text) {
  response.writeHead(200, {'Content-Type': 'text/plain', 'Content-Length': text.length});
  response.end(text);
}

const server = http.createServer((request, response) => {
  const size = /^\/sum\?size=(\d+)$/.exec(request.url);
  if (size) return answer(response, `${BigInt.asUintN(64, sumOfFile(Number(size[1])))}\n`);
  if (request.url !== '/sum') return answer(response, 'ok\n');
  const parts = [];
  let length = 0;
  request.on('data', (part) => {
    parts.push(part);
    length += part.length;
  });
  request.on('end', () => answer(response, `${BigInt.asUintN(64, sumOfBody(parts, length))}\n`));
});
server.keepAliveTimeout = 0;  // A client that waits for others' turns keeps its connection.
server.listen(Number(port), '127.0.0.1');
