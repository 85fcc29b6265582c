//! Texts as the format wants them.

use oem_cp::{code_table::ENCODING_TABLE_CP437, encode_char_checked};

/// What stands for a sign that code page 437 lacks.
const UNKNOWN: u8 = b'?';

/// A text in quotation marks that nothing in it can end.
///
/// Control signs (line ends among them) become spaces. A quotation mark is escaped; a backslash becomes a
/// slash, since readers differ on whether it can be escaped, and one before the closing mark would keep
/// the field open: a supplier must not be able to write rows of its own into somebody's books.
pub(super) fn field(text: &str) -> String {
    let mut field = String::with_capacity(text.len() + 2);
    field.push('"');
    for sign in text.trim().chars() {
        match sign {
            '"' => field.push_str("\\\""),
            '\\' => field.push('/'),
            sign if sign.is_control() => field.push(' '),
            sign => field.push(sign),
        }
    }
    field.push('"');
    field
}

/// The lines in code page 437, each ending in CR LF.
pub(super) fn written(lines: &[String]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        bytes.extend(line.chars().map(byte));
        bytes.extend(b"\r\n");
    }
    bytes
}

/// The code page has pictures in the places of control signs, and tables that encode them so; to a reader
/// they would be control signs again.
fn byte(sign: char) -> u8 {
    let byte = encode_char_checked(sign, &ENCODING_TABLE_CP437);
    byte.filter(|byte| !byte.is_ascii_control()).unwrap_or(UNKNOWN)
}
