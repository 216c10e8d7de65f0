// Streams: the request body piece by piece as it comes, the response part by part as it is ready.
import { host } from "./abi";
import { Ranges } from "./answer";
import { OUT, View } from "./view";

/** The next piece of the body, valid until the next call; empty at the end. Errors: those of inlay_receive. */
export function receive(): View {
  const code = host.receive(OUT);
  return code < 0 ? View.failure(code) : new View(load<u32>(OUT), load<u32>(OUT, 4));
}

/** Sends the bytes as the next part of the response; then they may be written again. Returns 0. Errors: those of inlay_send. */
export function send(view: View): i32 {
  return sendRanges(Ranges.of(view));
}

/** The same with several pieces; none sends the head alone. */
export function sendRanges(ranges: Ranges): i32 {
  return host.send(ranges.address, ranges.count);
}
