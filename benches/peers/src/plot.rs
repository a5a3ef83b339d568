//! The medians as bars, for the book.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

use crate::ran::Row;

const WIDTH: i32 = 860;
const BAR: i32 = 34;
const LEFT: i32 = 210;
const RIGHT: i32 = 190;

/// Draws the rows, a bar each. Its length is the logarithm of the time: each line across is ten
/// times the one before.
///
/// # Errors
/// Where the file cannot be written.
pub fn bars(rows: &[Row], path: &Path) -> Result<(), Box<dyn Error>> {
    let height = BAR * rows.len() as i32 + 40;
    let root = SVGBackend::new(path, (WIDTH as u32, height as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    let (least, most) = rows.iter().fold((f64::MAX, f64::MIN), |(least, most), row| {
        (least.min(row.median_ms), most.max(row.median_ms))
    });
    let (first, last) = (least.log10().floor(), most.log10().ceil());
    let width = f64::from(WIDTH - LEFT - RIGHT);
    let place = |ms: f64| LEFT + (width * (ms.log10() - first) / (last - first)) as i32;
    let words = ("sans-serif", 15).into_font();
    for power in first as i32..=last as i32 {
        let (x, ms) = (place(10f64.powi(power)), 10f64.powi(power));
        let line = vec![(x, 24), (x, height - 6)];
        root.draw(&PathElement::new(line, RGBColor(210, 210, 210)))?;
        root.draw(&Text::new(format!("{ms} ms"), (x - 18, 6), ("sans-serif", 12).into_font()))?;
    }
    for (nth, row) in (0..).zip(rows) {
        let top = 30 + BAR * nth;
        let ours = row.engine.starts_with("wavetank");
        let colour = if ours { RGBColor(30, 110, 180) } else { RGBColor(150, 150, 150) };
        let corners = [(LEFT, top), (place(row.median_ms), top + BAR - 12)];
        root.draw(&Rectangle::new(corners, colour.filled()))?;
        root.draw(&Text::new(row.engine, (8, top + 3), words.clone()))?;
        let ratio =
            row.ratio_to_turmoil_1ms.map_or(String::new(), |ratio| format!(", {ratio:.1}x"));
        let text = format!("{:.2} ms{ratio}", row.median_ms);
        root.draw(&Text::new(text, (place(row.median_ms) + 8, top + 3), words.clone()))?;
    }
    root.present()?;
    Ok(())
}
