//! A double in decimal digits, exactly as C's printf writes it with %.17g: enough digits to read the same number back. The formatting
//! of `core` would do the same in ten times the size.

use inlay::Text;

const DIGITS: usize = 17;
const LIMB: u64 = 1_000_000_000;
const LIMB_DIGITS: usize = 9;

/// A whole number in limbs of nine digits, the lowest first. A double has at most 767 digits.
struct Number {
    limbs: [u32; 88],
    count: usize,
}

impl Number {
    fn of(mut value: u64) -> Number {
        let mut number = Number { limbs: [0; 88], count: 0 };
        while value != 0 {
            number.push(&mut value);
        }
        number
    }

    fn push(&mut self, rest: &mut u64) {
        if let Some(limb) = self.limbs.get_mut(self.count) {
            *limb = (*rest % LIMB) as u32;
            self.count += 1;
        }
        *rest /= LIMB;
    }

    fn multiply(&mut self, factor: u64) {
        let mut carry = 0;
        for limb in self.limbs.iter_mut().take(self.count) {
            carry += u64::from(*limb) * factor;
            *limb = (carry % LIMB) as u32;
            carry /= LIMB;
        }
        while carry != 0 {
            self.push(&mut carry);
        }
    }

    /// Multiplies by base^power, `step` of them at once: base^step fits 32 bits.
    fn raise(&mut self, base: u64, mut power: u32, step: u32) {
        while power != 0 {
            let now = power.min(step);
            self.multiply(base.pow(now));
            power -= now;
        }
    }

    /// The digit at a place, 0 the lowest; 0 below it and above all.
    fn digit(&self, place: isize) -> u64 {
        let Ok(place) = usize::try_from(place) else {
            return 0;
        };
        let limb = self.limbs.get(place / LIMB_DIGITS).copied().unwrap_or(0);
        u64::from(limb / 10u32.pow((place % LIMB_DIGITS) as u32) % 10)
    }

    /// The place of the highest digit that is not 0.
    fn top(&self) -> isize {
        let mut top = (LIMB_DIGITS * self.count) as isize - 1;
        while top > 0 && self.digit(top) == 0 {
            top -= 1;
        }
        top
    }

    /// Whether what lies below `place` rounds the digit there up; from the middle to even.
    fn rounds_up(&self, place: isize) -> bool {
        match self.digit(place - 1) {
            5 => (0..place - 1).any(|lower| self.digit(lower) != 0) || self.digit(place) % 2 == 1,
            next => next > 5,
        }
    }
}

/// mantissa * 2^power as its first 17 digits, rounded, and the power of ten of the first of them.
fn digits_of(mantissa: u64, power: i32) -> (u64, i32) {
    let mut number = Number::of(mantissa);
    if power >= 0 {
        number.raise(2, power.unsigned_abs(), 31);
    } else {
        number.raise(5, power.unsigned_abs(), 13); // m / 2^k is m * 5^k / 10^k
    }
    let top = number.top();
    let last = top - (DIGITS as isize - 1);
    let mut digits = (last..=top).rev().fold(0, |digits, place| digits * 10 + number.digit(place));
    digits += u64::from(last > 0 && number.rounds_up(last));
    let exponent = top as i32 + power.min(0);
    if digits == 10u64.pow(DIGITS as u32) {
        return (digits / 10, exponent + 1); // 99...9 was rounded up
    }
    (digits, exponent)
}

/// Zeros at the end of the digits are not written.
fn push_digits<const N: usize>(text: &mut Text<N>, mut digits: u64, exponent: i32) {
    let mut all = [b'0'; DIGITS];
    for digit in all.iter_mut().rev() {
        *digit += (digits % 10) as u8;
        digits /= 10;
    }
    let count = all.iter().rposition(|digit| *digit != b'0').map_or(1, |last| last + 1) as i32;
    let is_scientific = exponent < -4 || exponent >= DIGITS as i32;
    let whole = if is_scientific { 1 } else { exponent + 1 }; // digits before the point
    if whole <= 0 {
        text.push("0.");
    }
    for _ in whole..0 {
        text.push("0");
    }
    for (number, digit) in (0..).zip(&all).take(count.max(whole) as usize) {
        if number == whole && number != 0 {
            text.push(".");
        }
        text.push_byte(*digit);
    }
    if is_scientific {
        text.push(if exponent < 0 { "e-" } else { "e+" });
        text.push(if exponent.unsigned_abs() < 10 { "0" } else { "" });
        text.push_u64(exponent.unsigned_abs().into());
    }
}

/// Adds at most 24 bytes. NaN is "nan", whatever its sign.
pub fn push_f64<const N: usize>(text: &mut Text<N>, number: f64) {
    const MANTISSA_BITS: u32 = 52;
    let bits = number.to_bits();
    let fraction = bits & ((1 << MANTISSA_BITS) - 1);
    let power = (bits >> MANTISSA_BITS & 0x7ff) as i32;
    if number.is_nan() {
        text.push("nan");
        return;
    }
    text.push(if number.is_sign_negative() { "-" } else { "" });
    if number.is_infinite() {
        text.push("inf");
    } else if number == 0.0 {
        text.push("0");
    } else {
        let mantissa = if power == 0 { fraction } else { fraction | 1 << MANTISSA_BITS };
        let (digits, exponent) = digits_of(mantissa, power.max(1) - 1075);
        push_digits(text, digits, exponent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(number: f64) -> String {
        let mut text = Text::<32>::new();
        push_f64(&mut text, number);
        String::from_utf8(text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn doubles_are_written_as_printf_writes_them() {
        for (number, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (0.1, "0.10000000000000001"),
            (1.0 / 3.0, "0.33333333333333331"),
            (100.0, "100"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (1e23, "9.9999999999999992e+22"),
            (1.2e-4, "0.00012"),
            (1.2e-5, "1.2e-05"),
            (5e-324, "4.9406564584124654e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NEG_INFINITY, "-inf"),
            (-f64::NAN, "nan"),
        ] {
            assert_eq!(written(number), expected);
        }
    }

    #[test]
    fn what_is_written_is_read_back_as_the_same() {
        let mut bits = 1u64;
        for _ in 0..2000 {
            bits = bits.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let number = f64::from_bits(bits);
            if number.is_finite() {
                assert_eq!(written(number).parse::<f64>().unwrap().to_bits(), bits);
            }
        }
    }
}
