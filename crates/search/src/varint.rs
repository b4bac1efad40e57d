//! Variable-length integers (LEB128): seven bits a byte, lowest first; a set high bit means that more bytes follow.

/// Appends `value`, 1 to 5 bytes.
pub(crate) fn write_varint(bytes: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
}

/// Reads one value and advances `rest` past it; `None` where the bytes end early or encode more than 32 bits.
#[inline]
pub(crate) fn read_varint(rest: &mut &[u8]) -> Option<u32> {
    let (&first, after) = rest.split_first()?;
    *rest = after;
    let mut value = u32::from(first & 0x7f);
    if first < 0x80 {
        return Some(value);
    }
    let mut shift = 7;
    loop {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        value |= u32::from(byte & 0x7f).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(value);
        }
        shift += 7;
    }
}
