//! Columns of text: Apptainer's own tables to the byte, and ours at the width of the terminal. Knows no command.

use std::iter;

use tabled::builder::Builder;
use tabled::settings::peaker::Priority;
use tabled::settings::style::Style;
use tabled::settings::{Padding, Width};

/// Narrower terminals get lines that are too long: a column needs a few characters.
const NARROWEST: usize = 40;

/// A table of ours: columns two blanks apart by display width. At most `width` columns of a terminal are used, longer cells are
/// wrapped; without a width (in a pipe) a row is a line.
pub(crate) fn table<const N: usize>(rows: &[[String; N]], width: Option<usize>) -> String {
    let mut builder = Builder::with_capacity(rows.len(), N);
    for row in rows {
        builder.push_record(row);
    }
    let mut table = builder.build();
    table.with(Style::empty()).with(Padding::new(0, 2, 0, 0));
    if let Some(width) = width {
        // The last column is padded as well: its blanks are cut off below.
        let wrap = Width::wrap(width.max(NARROWEST) + 2).keep_words(true);
        table.with(wrap.priority(Priority::max(true)));
    }
    let text = table.to_string();
    text.lines()
        .flat_map(|line| [line.trim_end(), "\n"])
        .collect()
}

/// Columns as Apptainer prints them: as wide as the longest cell in code points, plus two; the last is not padded.
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

    fn ours(rows: &[[&str; 2]], width: Option<usize>) -> String {
        let rows: Vec<_> = rows.iter().map(|row| row.map(str::to_owned)).collect();
        table(&rows, width)
    }

    #[test]
    fn our_columns_are_as_wide_as_they_are_shown() {
        assert_eq!(
            ours(
                &[["NAME", "URI"], ["日本日", "x"], ["longer", ""], ["", "é"]],
                None
            ),
            "NAME    URI\n日本日  x\nlonger\n        é\n"
        );
        assert_eq!(ours(&[], None), "");
    }

    #[test]
    fn a_long_cell_is_wrapped_at_the_terminals_width_and_whole_in_a_pipe() {
        let long = "one two three four five six seven eight nine ten";
        let rows = [["NAME", long], ["x", "y"]];
        assert_eq!(
            ours(&rows, Some(40)),
            "NAME  one two three four five six seven\n      eight nine ten\nx     y\n"
        );
        assert_eq!(ours(&rows, None), format!("NAME  {long}\nx     y\n"));
        let word = "x".repeat(100);
        for line in ours(&[["NAME", &word]], Some(1)).lines() {
            assert!(line.len() <= NARROWEST, "{line}");
        }
    }
}
