//! A picture of a histogram in the terminal, for `.plot`: half blocks in colour, or plain ASCII.
//!
//! Layout     labels at the left and below; two rows of cells a line with colour, one without
//! Formula    the shade of a cell is its rank between the smallest and the largest count, logarithmic
//! Edge cases fewer than 20 columns or 6 lines are refused; rows outside the percentile range are not counted
//! See also   `kinds::hist2d`

use std::fmt::Write as _;

use super::ask::{Source, checked_range};
use super::colour::{ColourMap, VIRIDIS};
use super::draw::{density_norm, thousands};
use super::histogram::Grid;
use super::label::{self, Quantity};
use super::scene::Rgb;
use super::ticks::{self, Scale};
use super::{FigureOptions, Query};
use crate::error::{Error, Result};

/// How much colour the terminal takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// Plain ASCII, no escape sequence.
    None,
    /// 256 colours.
    Palette,
    /// 24-bit colours.
    True,
}

/// Shades of one cell without colour, from empty to full.
const SHADES: [char; 9] = [' ', '.', ':', '-', '=', '+', '*', '%', '@'];
/// Eighths of a cell, for bars.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Columns for the numbers at the left.
const GUTTER: usize = 8;
const FEWEST_COLUMNS: usize = 20;
const FEWEST_ROWS: usize = 6;
/// Lines that are not cells: title, frame above and below, numbers, label.
const FURNITURE: usize = 5;
const RESET: &str = "\x1b[0m";

/// Draw a histogram of `options.x` (and `options.y`, if given) as text of at most `columns` x `rows` characters.
pub fn picture(query: &Query<'_>, options: &FigureOptions, columns: usize, rows: usize, color: Color) -> Result<String> {
    if columns < FEWEST_COLUMNS || rows < FEWEST_ROWS {
        return Err(Error::usage("the terminal is too small for a picture")
            .expected(format!("{FEWEST_COLUMNS} columns and {FEWEST_ROWS} lines"))
            .found(format!("{columns} and {rows}")));
    }
    let source = Source::new(query, options, "stars");
    let Some(x) = &options.x else {
        return Err(Error::usage("a picture needs an expression").hint(".plot hist2d feh v_phi, or .plot hist feh"));
    };
    let x = source.with_unit(label::quantity(x))?;
    let (width, height) = (columns - GUTTER - 2, rows.saturating_sub(FURNITURE).max(1));
    match &options.y {
        Some(y) => {
            let y = source.with_unit(label::quantity(y))?;
            plane(&source, &x, &y, options, width, height, color)
        }
        None => bars(&source, &x, options, width, height, color),
    }
}

fn plane(
    source: &Source<'_>,
    x: &Quantity,
    y: &Quantity,
    options: &FigureOptions,
    width: usize,
    height: usize,
    color: Color,
) -> Result<String> {
    let summary = source.summary(&[&x.sql, &y.sql])?;
    let extreme = |k: usize| summary.ranges.get(k).copied().unwrap_or((0.0, 1.0));
    let (x_range, y_range) = (source.range(x, extreme(0), options.x_range)?, source.range(y, extreme(1), options.y_range)?);
    let per_line = if color == Color::None { 1 } else { 2 };
    let zero = Grid::zeros(width, height * per_line, x_range, y_range);
    let counts = source.plane(&x.sql, &y.sql, None, None, &zero)?.count;
    let map = options.color_map.as_deref().map(ColourMap::named).transpose()?.unwrap_or(VIRIDIS);
    let norm = density_norm(&counts, options.color_range.map(checked_range).transpose()?, options.log.unwrap_or(true));
    let shade = |i: usize, j: usize| Some(counts.at(i, j)).filter(|n| *n > 0.0).and_then(|n| norm.fraction(n));
    let mut lines = Vec::with_capacity(height);
    for line in (0..height).rev() {
        let mut text = String::new();
        for i in 0..width {
            match color {
                Color::None => text.push(shade(i, line).map_or(' ', |f| SHADES[1 + (f * (SHADES.len() - 2) as f64).round() as usize])),
                _ => half_block(&mut text, shade(i, 2 * line + 1).map(|f| map.at(f)), shade(i, 2 * line).map(|f| map.at(f)), color),
            }
        }
        lines.push(text);
    }
    let title =
        format!("{} against {}, N = {}", y.label.with_exponent(0).letters(), x.label.with_exponent(0).letters(), thousands(counts.sum()));
    Ok(framed(&title, &lines, x, x_range, y_range, width, color))
}

fn bars(source: &Source<'_>, x: &Quantity, options: &FigureOptions, width: usize, height: usize, color: Color) -> Result<String> {
    let summary = source.summary(&[&x.sql])?;
    let x_range = source.range(x, summary.ranges.first().copied().unwrap_or((0.0, 1.0)), options.x_range)?;
    let counts = source.counts(&x.sql, x_range, width)?;
    let peak = counts.iter().copied().fold(1.0_f64, f64::max);
    let lines: Vec<String> = (0..height)
        .rev()
        .map(|line| {
            let mut text = String::new();
            for count in &counts {
                // At least a trace of every bin that has a row.
                let full = (count / peak * height as f64 - line as f64).clamp(0.0, 1.0);
                let eighth = ((full * 8.0).round() as usize).max(usize::from(line == 0 && *count > 0.0));
                text.push(match color {
                    Color::None if full >= 0.5 => '#',
                    Color::None if line == 0 && *count > 0.0 => '.',
                    Color::None => ' ',
                    _ => EIGHTHS[eighth.min(8)],
                });
            }
            if color == Color::None { text } else { format!("{}{text}{RESET}", foreground(VIRIDIS.at(0.45), color)) }
        })
        .collect();
    let title = format!("{}, N = {}", x.label.with_exponent(0).letters(), thousands(counts.iter().sum()));
    Ok(framed(&title, &lines, x, x_range, (0.0, peak), width, color))
}

fn half_block(text: &mut String, upper: Option<Rgb>, lower: Option<Rgb>, color: Color) {
    match (upper, lower) {
        (None, None) => text.push(' '),
        (Some(u), None) => {
            let _ = write!(text, "{}▀{RESET}", foreground(u, color));
        }
        (None, Some(l)) => {
            let _ = write!(text, "{}▄{RESET}", foreground(l, color));
        }
        (Some(u), Some(l)) => {
            let _ = write!(text, "{}{}▀{RESET}", foreground(u, color), background(l, color));
        }
    }
}

fn foreground(c: Rgb, color: Color) -> String {
    if color == Color::True { format!("\x1b[38;2;{};{};{}m", c.0, c.1, c.2) } else { format!("\x1b[38;5;{}m", palette(c)) }
}

fn background(c: Rgb, color: Color) -> String {
    if color == Color::True { format!("\x1b[48;2;{};{};{}m", c.0, c.1, c.2) } else { format!("\x1b[48;5;{}m", palette(c)) }
}

/// Nearest colour of the 6 x 6 x 6 cube of terminals with 256 colours.
fn palette(c: Rgb) -> u8 {
    const LEVELS: [i32; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |v: u8| (0u8..6).min_by_key(|k| (LEVELS[usize::from(*k)] - i32::from(v)).abs()).unwrap_or(0);
    16 + 36 * nearest(c.0) + 6 * nearest(c.1) + nearest(c.2)
}

fn framed(title: &str, lines: &[String], x: &Quantity, x_range: (f64, f64), y_range: (f64, f64), width: usize, color: Color) -> String {
    let plain = color == Color::None;
    let [corner_nw, corner_ne, corner_sw, corner_se, flat, up, tick] =
        if plain { ["+", "+", "+", "+", "-", "|", "+"] } else { ["┌", "┐", "└", "┘", "─", "│", "┬"] };
    let mut out = String::new();
    let _ = writeln!(out, "{:GUTTER$} {}", "", cut(title, width));
    let _ = writeln!(out, "{:GUTTER$}{corner_nw}{}{corner_ne}", "", flat.repeat(width));
    let height = lines.len();
    let up_ticks = ticks::ticks(y_range.0, y_range.1, Scale::Linear, (height / 4).clamp(2, 6));
    for (k, line) in lines.iter().enumerate() {
        let place = |v: f64| {
            ((1.0 - (v - y_range.0) / (y_range.1 - y_range.0)) * height as f64 - 0.5).round().clamp(0.0, height as f64 - 1.0) as usize
        };
        let number = up_ticks
            .major
            .iter()
            .find(|(v, _)| place(*v) == k)
            .map(|(v, t)| written(*v, &t.letters(), up_ticks.exponent))
            .unwrap_or_default();
        let _ = writeln!(out, "{:>w$} {up}{line}{up}", cut(&number, GUTTER - 1), w = GUTTER - 1);
    }
    let across = ticks::ticks(x_range.0, x_range.1, Scale::Linear, (width / 12).clamp(2, 8));
    let mut rule: Vec<&str> = vec![flat; width];
    let mut numbers = vec![' '; width + GUTTER + 2];
    let mut free_from = 0;
    for (value, text) in &across.major {
        let at = (((value - x_range.0) / (x_range.1 - x_range.0) * width as f64) as usize).min(width - 1);
        rule[at] = tick;
        let text: Vec<char> = written(*value, &text.letters(), across.exponent).chars().collect();
        let start = (at + GUTTER + 1).saturating_sub(text.len() / 2);
        if start >= free_from && start + text.len() <= numbers.len() {
            for (slot, letter) in numbers.iter_mut().skip(start).zip(&text) {
                *slot = *letter;
            }
            free_from = start + text.len() + 1;
        }
    }
    let _ = writeln!(out, "{:GUTTER$}{corner_sw}{}{corner_se}", "", rule.concat());
    let _ = writeln!(out, "{}", numbers.iter().collect::<String>().trim_end());
    let label = cut(&x.label.with_exponent(0).letters(), width);
    let _ = write!(out, "{:w$}{label}", "", w = GUTTER + 1 + (width - label.chars().count()) / 2);
    if plain { out.chars().map(ascii).collect() } else { out }
}

fn written(value: f64, scaled: &str, exponent: i32) -> String {
    if exponent == 0 { scaled.to_string() } else { format!("{value:.1e}") }
}

fn cut(text: &str, room: usize) -> String {
    text.chars().take(room).collect()
}

/// Signs outside ASCII by their nearest letter.
fn ascii(letter: char) -> char {
    match letter {
        c if c.is_ascii() => c,
        '−' => '-',
        'φ' => 'p',
        'σ' => 's',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::synthetic::{Memory, galaxy};

    fn options(x: &str, y: Option<&str>) -> FigureOptions {
        FigureOptions { x: Some(x.into()), y: y.map(Into::into), ..Default::default() }
    }

    fn visible(line: &str) -> usize {
        let mut n = 0;
        let mut escape = false;
        for c in line.chars() {
            match (escape, c) {
                (false, '\x1b') => escape = true,
                (true, 'm') => escape = false,
                (false, _) => n += 1,
                _ => {}
            }
        }
        n
    }

    #[test]
    fn pictures_fit_the_terminal_in_every_mode() {
        let memory = Memory::new(&galaxy(3000), 2);
        let query = memory.query();
        for (x, y) in [("feh", Some("v_phi")), ("age", None)] {
            for color in [Color::None, Color::Palette, Color::True] {
                for (columns, rows) in [(20, 6), (60, 20), (200, 60)] {
                    let text = picture(&query, &options(x, y), columns, rows, color).unwrap();
                    assert!(text.lines().count() <= rows.max(FURNITURE + 1), "{columns} {rows}");
                    assert!(text.lines().all(|l| visible(l) <= columns), "{text}");
                    assert_eq!(color == Color::None, text.is_ascii());
                }
            }
        }
        assert!(picture(&query, &options("age", None), 10, 3, Color::None).is_err());
        assert!(picture(&query, &FigureOptions::default(), 80, 24, Color::None).is_err());
    }

    #[test]
    fn plain_bars_are_as_high_as_their_counts() {
        let memory = Memory::single("stars", "v", &[0.5, 1.5, 1.5, 1.5, 1.5]);
        let query = memory.query();
        let text = picture(&query, &FigureOptions { x_range: Some((0.0, 20.0)), ..options("v", None) }, 30, 9, Color::None).unwrap();
        let column = |k: usize| text.lines().skip(2).take(4).filter(|l| l.chars().nth(GUTTER + 1 + k) == Some('#')).count();
        assert_eq!((column(0), column(1), column(2)), (1, 4, 0), "{text}");
    }

    #[test]
    fn palette_hits_the_cube() {
        assert_eq!(palette(Rgb(255, 255, 255)), 231);
        assert_eq!(palette(Rgb(0, 0, 0)), 16);
        assert_eq!(palette(Rgb(95, 135, 175)), 67);
    }
}
