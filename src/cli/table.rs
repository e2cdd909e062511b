//! Columns as Apptainer prints them: as wide as the longest cell in code points, plus two; the last is not padded.

use std::iter;

/// Rows of cells of equal number as aligned text, a line a row.
pub(crate) fn columns<const N: usize, Cell: AsRef<str>>(rows: &[[Cell; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.as_ref().chars().count());
        }
    }
    let mut text = String::with_capacity(rows.len() * (widths.iter().sum::<usize>() + 2 * N));
    for row in rows {
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            let cell = cell.as_ref();
            text.push_str(cell);
            if column + 1 < N {
                text.extend(iter::repeat_n(' ', width + 2 - cell.chars().count()));
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_longest_cell_and_the_last_is_not_padded() {
        assert_eq!(
            columns(&[["NAME", "URI"], ["日本", "x"], ["longer", ""]]),
            "NAME    URI\n日本      x\nlonger  \n"
        );
        assert_eq!(columns::<2, &str>(&[]), "");
    }
}
