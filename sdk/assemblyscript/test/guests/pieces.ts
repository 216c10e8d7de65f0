// Counts the input by lines, or with ?record=N by records of N bytes of which each begins with its number as u32. ?hold=MIB
// allocates beside one window over all of it.
import { Lines, REST, Request, Source, Windows, cost, fail, failParameter, respondText } from "inlay";

function countRecords(source: Source, unit: u32, offset: u64): i32 {
  const windows = new Windows(source, offset, REST, unit);
  let next: u32 = 0;
  while (windows.next()) {
    const view = windows.view;
    for (let at: u32 = 0; at + unit <= view.length; at += unit) {
      if (view.load<u32>(at) != next++) return fail(500, "another record");
    }
  }
  if (windows.failed) return failParameter(windows.code, "object");
  return respondText("text/plain", next.toString() + " " + cost().windows.toString());
}

function countLines(source: Source, offset: u64, stopAt: u64): i32 {
  const lines = new Lines(source, offset);
  let count: u64 = 0;
  let bytes: u64 = 0;
  while (lines.next()) {
    count++;
    bytes += lines.line.length;
    if (count == stopAt) {
      lines.stop();
      break;
    }
  }
  if (lines.failed) return failParameter(lines.code, "object");
  return respondText("text/plain", `${count} ${bytes} ${cost().windows}`);
}

/** Maps all of the source and then allocates so many MiB, which stay. */
function hold(source: Source, mib: u64): i32 {
  const whole = source.map();
  const kept = new Array<ArrayBuffer>();
  for (let i: u64 = 0; i < mib * 16; i++) kept.push(new ArrayBuffer(60_000));
  return whole.failed ? failParameter(whole.code, "object") : respondText("text/plain", kept.length.toString());
}

export function inlay_handle(): i32 {
  const source = Source.input();
  const mib = Request.number("hold", 0);
  if (mib.value != 0) return hold(source, mib.value);
  const unit = Request.number("record", 0);
  const offset = Request.number("offset", 0);
  const stopAt = Request.number("stop", 0);
  return unit.value == 0 ? countLines(source, offset.value, stopAt.value) : countRecords(source, <u32>unit.value, offset.value);
}
