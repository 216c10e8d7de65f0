// A double in decimal digits, exactly as C's printf writes it with %.17g: enough digits to read the same number back.
import { Text } from "inlay";

const DIGITS: i32 = 17;
const LIMB: u64 = 1_000_000_000;

/** A whole number in limbs of nine digits, the lowest first. A double has at most 767 digits. */
class Whole {
  private limbs: StaticArray<u32> = new StaticArray<u32>(88);
  private count: i32 = 0;

  constructor(value: u64) {
    this.push(value);
  }

  private push(value: u64): void {
    for (; value != 0; value /= LIMB) this.limbs[this.count++] = <u32>(value % LIMB);
  }

  private multiply(factor: u64): void {
    let carry: u64 = 0;
    for (let i = 0; i < this.count; i++) {
      carry += <u64>this.limbs[i] * factor;
      this.limbs[i] = <u32>(carry % LIMB);
      carry /= LIMB;
    }
    this.push(carry);
  }

  /** Multiplies by base^power, `step` of them at once: base^step fits 32 bits. */
  raise(base: u64, power: i32, step: i32): void {
    while (power != 0) {
      const now = min(power, step);
      let factor: u64 = 1;
      for (let i = 0; i < now; i++) factor *= base;
      this.multiply(factor);
      power -= now;
    }
  }

  /** The digit at a place, 0 the lowest. */
  digit(place: i32): u32 {
    if (place < 0) return 0;
    let limb = this.limbs[place / 9];
    for (let i = place % 9; i != 0; i--) limb /= 10;
    return limb % 10;
  }

  /** The place of the highest digit that is not 0. */
  top(): i32 {
    let top = 9 * this.count - 1;
    while (top > 0 && this.digit(top) == 0) top--;
    return top;
  }

  /** Whether what lies below `place` rounds the digit there up; from the middle to even. */
  roundsUp(place: i32): bool {
    const next = this.digit(place - 1);
    if (next != 5) return next > 5;
    for (let i = 0; i < place - 1; i++) {
      if (this.digit(i) != 0) return true;
    }
    return this.digit(place) % 2 == 1;
  }
}

/** Zeros at the end of the digits are not written. */
function addDigits(text: Text, digits: u64, exponent: i32): void {
  const all = new StaticArray<u8>(DIGITS);
  let count = DIGITS;
  for (let i = count; i != 0; digits /= 10) all[--i] = 48 + <u8>(digits % 10);
  while (count > 1 && all[count - 1] == 48) count--;
  const isScientific = exponent < -4 || exponent >= DIGITS;
  const whole = isScientific ? 1 : exponent + 1; // digits before the point
  if (whole <= 0) text.add("0.");
  for (let i = whole; i < 0; i++) text.byte(48);
  for (let i = 0; i < max(count, whole); i++) {
    if (i == whole && i != 0) text.byte(46);
    text.byte(all[i]);
  }
  if (!isScientific) return;
  text.add(exponent < 0 ? "e-" : "e+");
  if (abs(exponent) < 10) text.byte(48);
  text.number(<u64>abs(exponent));
}

/** NaN is "nan", whatever its sign. */
export function addDouble(text: Text, number: f64): void {
  const bits = reinterpret<u64>(number);
  if (isNaN(number)) {
    text.add("nan");
    return;
  }
  if (bits >> 63 != 0) text.byte(45);
  if (!isFinite(number)) {
    text.add("inf");
    return;
  }
  if (number == 0) {
    text.byte(48);
    return;
  }
  const biased = <i32>(bits >> 52 & 0x7ff);
  const fraction = bits & 0xf_ffff_ffff_ffff;
  const power = max(biased, 1) - 1075;
  const whole = new Whole(biased == 0 ? fraction : fraction | 1 << 52);
  if (power >= 0) whole.raise(2, power, 31);
  else whole.raise(5, -power, 13); // m / 2^k is m * 5^k / 10^k
  const top = whole.top();
  const last = top - (DIGITS - 1);
  let digits: u64 = 0;
  for (let place = top; place >= last; place--) digits = digits * 10 + whole.digit(place);
  if (last > 0) digits += u64(whole.roundsUp(last));
  let exponent = top + min(power, 0);
  if (digits == 100_000_000_000_000_000) {
    digits /= 10; // 99...9 was rounded up
    exponent++;
  }
  addDigits(text, digits, exponent);
}
