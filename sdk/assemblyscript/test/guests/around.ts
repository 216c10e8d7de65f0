// Tells what the request says and what is around, a line each; with ?trap=NAME it ends in one of several ways.
import {
  LOG_WARN, PART_HEADER, Request, Source, cost, log, monotonicClock, randomBytes, respondText, wallClock, wordsOf,
} from "inlay";

const kept = new Array<ArrayBuffer>();

function or(text: string | null): string {
  return text === null ? "none" : text;
}

function trap(how: string): i32 {
  const input = Source.body().map();
  if (how == "index") return input[input.length];
  if (how == "piece") return input.piece(1, input.length).length;
  if (how == "throw") throw new Error("thrown by hand");
  if (how == "store") store<u8>(input.address, 1);
  if (how == "memory") for (let i = 0; i < 8; i++) kept.push(new ArrayBuffer(900 << 20));
  return 7;
}

export function inlay_handle(): i32 {
  const how = Request.parameter("trap");
  if (how !== null) return trap(how);
  log("a line");
  log(Request.part(PART_HEADER, "X-Long"), LOG_WARN);
  const number = Request.number("n", 5);
  const random = randomBytes(32);
  const lines = [
    Request.method(), Request.path(), Request.rest(), Request.query(), Request.functionName(),
    or(Request.parameter("word")), or(Request.parameter("absent")), or(Request.field("x-LONG")), or(Request.env("COLOUR")),
    number.failed ? wordsOf(number.code) : number.value.toString(),
    wallClock().toString(), monotonicClock().toString(), cost().windows.toString(),
    random === null ? "refused" : random.some((byte) => byte != 0).toString(), (Math.random() < 1).toString(),
    Request.invocation().length.toString(),
  ];
  return respondText("text/plain", lines.join("\n"));
}
