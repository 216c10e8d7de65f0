//! Text in a buffer of fixed size, and numbers, without a heap and without the formatting of `core`.

use core::fmt;

/// Text of up to N bytes. What does not fit is left out, and [`Text::is_cut`] says so.
#[derive(Clone, Debug)]
pub struct Text<const N: usize> {
    bytes: [u8; N],
    size: usize,
    is_cut: bool,
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Text::new()
    }
}

impl<const N: usize> Text<N> {
    pub const fn new() -> Self {
        Text { bytes: [0; N], size: 0, is_cut: false }
    }

    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: size <= N, by push_bytes.
        unsafe { self.bytes.get_unchecked(..self.size) }
    }

    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    pub fn push_byte(&mut self, byte: u8) -> &mut Self {
        self.push_bytes(&[byte])
    }

    pub fn push_bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let taken = append(&mut self.bytes, self.size, bytes);
        self.size += taken;
        self.is_cut |= taken < bytes.len();
        self
    }

    pub fn push(&mut self, text: &str) -> &mut Self {
        self.push_bytes(text.as_bytes())
    }

    pub fn push_u64(&mut self, number: u64) -> &mut Self {
        let mut digits = [0; 20]; // u64::MAX has as many
        self.push_bytes(decimal(number, &mut digits))
    }

    /// A JSON string with its quotes. Bytes from 0x80 on pass as they are: UTF-8 stays UTF-8.
    pub fn push_json(&mut self, bytes: &[u8]) -> &mut Self {
        let hex = |digit: u8| if digit < 10 { b'0' + digit } else { b'a' - 10 + digit };
        self.push_byte(b'"');
        for byte in bytes {
            match byte {
                b'"' | b'\\' => self.push_byte(b'\\').push_byte(*byte),
                0..=0x1f | 0x7f => self.push("\\u00").push_byte(hex(byte >> 4)).push_byte(hex(byte & 15)),
                _ => self.push_byte(*byte),
            };
        }
        self.push_byte(b'"')
    }
}

/// Copies what there is room for behind `size`, and gives how much that is. One for all N, which keeps modules small.
#[inline(never)]
fn append(to: &mut [u8], size: usize, bytes: &[u8]) -> usize {
    let room = to.get_mut(size..).unwrap_or_default();
    let taken = room.len().min(bytes.len());
    room[..taken].copy_from_slice(&bytes[..taken]);
    taken
}

#[inline(never)]
fn decimal(number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut rest = number;
    let mut begin = digits.len();
    for (at, place) in digits.iter_mut().enumerate().rev() {
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
        begin = at;
        if rest == 0 {
            break;
        }
    }
    digits.get(begin..).unwrap_or_default()
}

impl<const N: usize> AsRef<[u8]> for Text<N> {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

/// What does not fit is no error here.
impl<const N: usize> fmt::Write for Text<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        Ok(())
    }
}

/// Reads decimal digits and nothing else. None: empty, another byte, 2^64 or more.
pub fn parse_u64(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_they_are_read() {
        for number in [0, 9, 10, 12345, u64::MAX] {
            let mut text = Text::<20>::new();
            text.push_u64(number);
            assert_eq!(parse_u64(text.as_bytes()), Some(number));
            assert!(!text.is_cut());
        }
        for wrong in ["", "-1", "1x", " 1", "18446744073709551616"] {
            assert_eq!(parse_u64(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let mut text = Text::<3>::new();
        text.push("four");
        assert_eq!(text.as_bytes(), b"fou");
        assert!(text.is_cut());
    }

    #[test]
    fn json_strings_hold_any_byte() {
        let mut text = Text::<64>::new();
        text.push_json("a\"b\\c\n\x7fä".as_bytes());
        assert_eq!(text.as_bytes(), "\"a\\\"b\\\\c\\u000a\\u007fä\"".as_bytes());
    }
}
