// Says what is not as it should be with typed arrays, views and private windows over one input of the bytes 0, 1, ... 255, 0 ...
import { Output, Source, View, respondText } from "inlay";

const failures = new Array<string>();

function expect(holds: bool, what: string): void {
  if (!holds) failures.push(what);
}

function typedArrays(input: View): void {
  const bytes = input.typed<Uint8Array>();
  expect(bytes.length == <i32>input.length && bytes[5] == 5 && bytes.at(-1) == input[input.length - 1], "Uint8Array");
  expect(bytes.dataStart == input.address, "a copy was made");
  expect(bytes.indexOf(200) == 200 && bytes.subarray(10, 20)[3] == 13 && bytes.slice(10, 20)[3] == 13, "its methods");
  expect(input.typed<Uint32Array>()[1] == 0x07060504, "Uint32Array");
  expect(input.piece(1, 9).typed<Uint16Array>().length == 4 && input.piece(1, 9).typed<Uint16Array>()[0] == 0x0201, "not aligned");
  expect(input.typed<Float64Array>().length == <i32>(input.length / 8), "Float64Array");
  expect(bytes.reduce<i32>((sum, byte) => sum + byte, 0) == <i32>(input.length / 256) * 32640, "reduce");
}

/** Typed arrays over windows and own memory outlive collections. */
function collect(input: View): void {
  const kept = new Array<Uint8Array>();
  for (let i: u32 = 0; i < 2000; i++) {
    kept.push(input.piece(i, 10).typed<Uint8Array>());
    kept.push(View.of("number " + i.toString()).typed<Uint8Array>());
  }
  __collect();
  for (let i = 0; i < 2000; i++) {
    expect(kept[2 * i][3] == <u8>(i + 3), "a window's array");
    const text = kept[2 * i + 1];
    expect(String.UTF8.decode(text.buffer) == "number " + i.toString(), "a text's array");
  }
}

function writable(source: Source): void {
  const own = source.mapPrivate();
  own[0] = 77;
  own.typed<Uint8Array>().fill(9, 1, 4);
  expect(own.load<u32>() == 0x0909094d && source.map()[0] == 0, "a private window");
  const output = Output.create(100);
  output.setV128(4, i8x16.splat(3));
  output.store<u16>(0, 513);
  expect(output.load<u32>(2) == 0x03030000 && output[0] == 1, "an output");
  output.unmap();
  expect(output.length == 0 && Output.create(0).length == 0 && !Output.create(0).failed, "an empty output");
}

export function inlay_handle(): i32 {
  const source = Source.body();
  const input = source.map();
  typedArrays(input);
  collect(input);
  writable(source);
  expect(input.piece(256, 4).equals(input.piece(0, 4)) && !input.piece(1, 4).equals(input.piece(0, 4)), "equals");
  expect(input.piece(65, 3).text() == "ABC" && View.of("ABC").equals(input.piece(65, 3)), "text");
  expect(source.map(source.size + 1).code == -4 && source.map(1, source.size).code == -4, "a range outside");
  return respondText("text/plain", failures.join("\n"));
}
