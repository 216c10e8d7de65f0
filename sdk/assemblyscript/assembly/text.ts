// Text: bytes of UTF-8 that grow in the function's own memory, for answers that a function writes itself.
import { View } from "./view";

export class Text {
  private buffer: ArrayBuffer;
  private used: u32 = 0;

  constructor(capacity: i32 = 128) {
    this.buffer = new ArrayBuffer(capacity);
  }

  private room(bytes: u32): usize {
    const need = this.used + bytes;
    if (need > <u32>this.buffer.byteLength) {
      const larger = new ArrayBuffer(<i32>max<u32>(need, <u32>this.buffer.byteLength * 2));
      memory.copy(changetype<usize>(larger), changetype<usize>(this.buffer), this.used);
      this.buffer = larger;
    }
    const at = changetype<usize>(this.buffer) + this.used;
    this.used = need;
    return at;
  }

  byte(byte: u8): Text {
    store<u8>(this.room(1), byte);
    return this;
  }

  add(text: string): Text {
    String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, this.room(<u32>String.UTF8.byteLength(text)));
    return this;
  }

  /** Copies the bytes of a view. */
  bytes(view: View): Text {
    memory.copy(this.room(view.length), view.address, view.length);
    return this;
  }

  /** In decimal digits. */
  number(number: u64): Text {
    let digits: u32 = 1;
    for (let rest = number; rest > 9; rest /= 10) digits++;
    const at = this.room(digits);
    for (let i = digits; i > 0; number /= 10) store<u8>(at + --i, 48 + <u8>(number % 10));
    return this;
  }

  /** Bytes as a JSON string with its quotes. Bytes from 0x80 on pass as they are: UTF-8 stays UTF-8. */
  json(view: View): Text {
    this.byte(0x22);
    for (let i: u32 = 0; i < view.length; i++) {
      const byte = view.load<u8>(i);
      if (byte == 0x22 || byte == 0x5c) {
        this.byte(0x5c).byte(byte);
      } else if (byte < 0x20 || byte == 0x7f) {
        this.add("\\u00").byte(hexDigit(byte >> 4)).byte(hexDigit(byte & 15));
      } else {
        this.byte(byte);
      }
    }
    return this.byte(0x22);
  }

  /** What has been added. Valid until more is added. */
  view(): View {
    const view = new View(changetype<usize>(this.buffer), this.used);
    view.held = this.buffer;
    return view;
  }
}

function hexDigit(value: u8): u8 {
  return value < 10 ? 48 + value : 87 + value;
}
