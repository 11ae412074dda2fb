//! Pixels: a scene's SVG drawn by resvg, and PNG bytes with text chunks.
//!
//! Layout     8-bit PNG; iTXt chunks hold title, software and the figure's metadata; pHYs holds the resolution
//! Units      pixels per point; 1 is 72 dots per inch
//! Refuses    sizes above 16384 pixels a side
//! See also   `plot::svg`

use resvg::tiny_skia;
use resvg::usvg;

use crate::error::{Error, Result};

/// Longest side of a picture, pixels.
const MAX_SIDE: f32 = 16384.0;
/// Points in a metre, for the pHYs chunk.
const POINTS_PER_METRE: f32 = 72.0 / 0.0254;

/// Draw an SVG document of `width` x `height` points.
pub fn rasterise(svg: &str, width: f64, height: f64, pixels_per_unit: f32, texts: &[(&str, &str)]) -> Result<Vec<u8>> {
    let side = (width.max(height) as f32) * pixels_per_unit;
    if !(pixels_per_unit > 0.0 && (1.0..=MAX_SIDE).contains(&side)) {
        return Err(Error::usage("this resolution gives no usable picture")
            .expected(format!("between 1 and {MAX_SIDE} pixels on the longer side"))
            .found(format!("{side} pixels")));
    }
    let tree =
        usvg::Tree::from_str(svg, &usvg::Options::default()).map_err(|e| Error::internal("the figure's SVG cannot be read").because(e))?;
    let (columns, rows) = ((width as f32 * pixels_per_unit).round().max(1.0), (height as f32 * pixels_per_unit).round().max(1.0));
    let mut pixmap = tiny_skia::Pixmap::new(columns as u32, rows as u32)
        .ok_or_else(|| Error::limit("no memory for the picture").found(format!("{columns} x {rows} pixels")))?;
    pixmap.fill(tiny_skia::Color::WHITE);
    let scale = tiny_skia::Transform::from_scale(columns / tree.size().width(), rows / tree.size().height());
    resvg::render(&tree, scale, &mut pixmap.as_mut());
    let mut rgba = pixmap.take();
    // The page is opaque, so premultiplied and plain colours are the same.
    for pixel in rgba.chunks_exact_mut(4) {
        pixel[3] = u8::MAX;
    }
    let per_metre = (pixels_per_unit * POINTS_PER_METRE).round() as u32;
    encode(columns as usize, rows as usize, &rgba, Some(per_metre), texts)
}

/// PNG bytes of `rgba` pixels; opacity is left out when all pixels are opaque.
pub fn encode(columns: usize, rows: usize, rgba: &[u8], pixels_per_metre: Option<u32>, texts: &[(&str, &str)]) -> Result<Vec<u8>> {
    if rgba.len() != 4 * columns * rows || columns == 0 || rows == 0 {
        return Err(Error::internal("pixels do not fill their picture").expected(4 * columns * rows).found(rgba.len()));
    }
    let failed = |e: png::EncodingError| Error::internal("cannot encode PNG").because(e);
    let opaque = rgba.chunks_exact(4).all(|p| p[3] == u8::MAX);
    let rgb: Vec<u8>;
    let pixels = if opaque {
        rgb = rgba.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
        rgb.as_slice()
    } else {
        rgba
    };
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, columns as u32, rows as u32);
    encoder.set_color(if opaque { png::ColorType::Rgb } else { png::ColorType::Rgba });
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    if let Some(density) = pixels_per_metre {
        encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: density, yppu: density, unit: png::Unit::Meter }));
    }
    for (key, text) in texts {
        encoder.add_itxt_chunk((*key).to_string(), (*text).to_string()).map_err(failed)?;
    }
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(pixels).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(out)
}

/// Each pixel repeated `factor` times both ways, so that viewers which smooth pictures show sharp cells.
pub fn enlarge(columns: usize, rows: usize, rgba: &[u8], factor: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(rgba.len() * factor * factor);
    for row in rgba.chunks_exact(4 * columns.max(1)).take(rows) {
        let wide: Vec<u8> = row.chunks_exact(4).flat_map(|pixel| std::iter::repeat_n(pixel, factor).flatten().copied()).collect();
        for _ in 0..factor {
            out.extend_from_slice(&wide);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_come_back_with_their_text() {
        let rgba = [255, 0, 0, 255, 0, 255, 0, 128];
        let bytes = encode(2, 1, &rgba, None, &[("Title", "Σ☉")]).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        let mut back = vec![0; 8];
        reader.next_frame(&mut back).unwrap();
        assert_eq!(back, rgba);
        assert_eq!(reader.info().utf8_text[0].get_text().unwrap(), "Σ☉");
        assert!(encode(2, 2, &rgba, None, &[]).is_err());
    }

    #[test]
    fn enlarging_repeats_pixels() {
        let rgba = [1, 2, 3, 4, 5, 6, 7, 8];
        let big = enlarge(2, 1, &rgba, 2);
        assert_eq!(big, [1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8, 5, 6, 7, 8, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8, 5, 6, 7, 8]);
    }

    #[test]
    fn silly_resolutions_are_refused() {
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"10pt\" height=\"10pt\"/>";
        assert!(rasterise(svg, 10.0, 10.0, 1.0, &[]).is_ok());
        for bad in [0.0, -1.0, f32::NAN, 1e9] {
            assert_eq!(rasterise(svg, 10.0, 10.0, bad, &[]).unwrap_err().exit_code(), 2);
        }
    }
}
