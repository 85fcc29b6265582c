//! Pictures of pages, made readable for OCR.

use std::io::Cursor;

use image::{
    DynamicImage, GrayImage, ImageDecoder as _, ImageReader, Limits, Luma, imageops, metadata::Orientation,
};

use crate::{invoice::Area, refusal::Refusal};

/// The most points that are decoded: A4 at 600 dpi has 35 million.
pub const POINTS_MAX: u64 = 40_000_000;
/// How much darker than the paper ink is, of 255. Rules are printed thin and grey.
const INK_CONTRAST: u8 = 38;

/// Decodes a PNG, JPEG, TIFF or PGM picture to grey.
///
/// # Errors
/// Larger than [`POINTS_MAX`], told from its header before anything is decoded: a small file can claim
/// a picture that fills the memory. Also what cannot be decoded.
pub fn decode(bytes: &[u8]) -> Result<GrayImage, Refusal> {
    let damaged = |error: &dyn std::fmt::Display| Refusal::DamagedPicture(error.to_string());
    let reader =
        || ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| damaged(&error));
    let (width, height) = reader()?.into_dimensions().map_err(|error| damaged(&error))?;
    if u64::from(width) * u64::from(height) > POINTS_MAX {
        return Err(Refusal::PictureTooLarge { width, height, limit: POINTS_MAX });
    }
    let mut reader = reader()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(POINTS_MAX * 8);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| damaged(&error))?;
    // Telephones store what the sensor sees, and say beside it how the page was held.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| damaged(&error))?;
    picture.apply_orientation(orientation);
    Ok(picture.into_luma8())
}

/// Smooths a noisy picture; a clean one stays as it is, since smoothing costs sharpness.
///
/// Noise is what neighbours on bare paper differ by, on average.
pub fn calmed(picture: GrayImage) -> GrayImage {
    const NOISE_MAX: u64 = 10;
    const BARE_MIN: u8 = 180;
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let raw = picture.as_raw();
    let bare = raw.windows(2).filter(|pair| pair.iter().all(|point| *point >= BARE_MIN));
    let (sum, count) = bare
        .fold((0_u64, 0_u64), |(sum, count), pair| (sum + u64::from(pair[0].abs_diff(pair[1])), count + 1));
    if sum <= NOISE_MAX * count || width < 3 || height < 3 {
        return picture;
    }
    let mut smooth = picture.clone();
    for y in 1..height - 1 {
        for x in 1..width - 1 {
            let square = (y - 1..=y + 1).flat_map(|y| &raw[y * width + x - 1..=y * width + x + 1]);
            let mean = square.map(|point| u32::from(*point)).sum::<u32>() / 9;
            smooth.put_pixel(index(x), index(y), Luma([u8::try_from(mean).unwrap_or(u8::MAX)]));
        }
    }
    smooth
}

/// Takes away the rules of tables, which OCR reads as `|`, `[` and `_` glued to numbers.
///
/// A rule is a run of ink longer than any sign is: a twentieth of the page across, a fortieth down.
pub fn remove_rules(picture: &mut GrayImage) {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let papers = Papers::of(picture);
    let raw = picture.as_raw();
    let is_ink = |x: usize, y: usize| raw[y * width + x] < papers.at(x, y).saturating_sub(INK_CONTRAST);
    let mut rules = vec![false; raw.len()];
    for y in 0..height {
        for x in long_runs(width, (width / 20).max(1), |x| is_ink(x, y)) {
            rules[y * width + x] = true;
        }
    }
    for x in 0..width {
        for y in long_runs(height, (height / 40).max(1), |y| is_ink(x, y)) {
            rules[y * width + x] = true;
        }
    }
    for (place, _) in rules.iter().enumerate().filter(|(_, is_rule)| **is_rule) {
        let (x, y) = (place % width, place / width);
        // The pale edges of a rule stay when its core goes; one point around takes them along.
        for y in y.saturating_sub(1)..=(y + 1).min(height - 1) {
            for x in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                picture.put_pixel(index(x), index(y), Luma([papers.at(x, y)]));
            }
        }
    }
}

fn index(place: usize) -> u32 {
    u32::try_from(place).expect("a picture is at most 2^32 points wide and high")
}

/// How bright the paper is, square by square: heads of tables are shaded.
struct Papers {
    across: usize,
    squares: Vec<u8>,
}

impl Papers {
    const SIDE: usize = 64;

    fn of(picture: &GrayImage) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let (across, down) = (width.div_ceil(Self::SIDE), height.div_ceil(Self::SIDE));
        let mut counts = vec![[0_u16; 256]; across * down];
        for (place, point) in picture.as_raw().iter().enumerate() {
            let (x, y) = (place % width, place / width);
            counts[y / Self::SIDE * across + x / Self::SIDE][usize::from(*point)] += 1;
        }
        Self { across, squares: counts.iter().map(median).collect() }
    }

    fn at(&self, x: usize, y: usize) -> u8 {
        self.squares[y / Self::SIDE * self.across + x / Self::SIDE]
    }
}

fn median(counts: &[u16; 256]) -> u8 {
    let middle = counts.iter().map(|count| usize::from(*count)).sum::<usize>() / 2;
    let mut sum = 0;
    (0..=u8::MAX)
        .find(|value| {
            sum += usize::from(counts[usize::from(*value)]);
            sum > middle
        })
        .unwrap_or(u8::MAX)
}

/// The inked places of every stretch of `least` that is ink for nine tenths: noise breaks rules.
fn long_runs(length: usize, least: usize, is_ink: impl Fn(usize) -> bool) -> Vec<usize> {
    if length < least {
        return Vec::new();
    }
    let mut inked = (0..least).filter(|place| is_ink(*place)).count();
    let mut found = Vec::new();
    let mut marked = 0;
    for start in 0..=length - least {
        if inked * 10 >= least * 9 {
            found.extend((start.max(marked)..start + least).filter(|place| is_ink(*place)));
            marked = start + least;
        }
        if start + least < length {
            inked += usize::from(is_ink(start + least));
            inked -= usize::from(is_ink(start));
        }
    }
    found
}

/// A part of the picture with a margin of white. `None` for what is not in it.
///
/// Not enlarged: OCR knows digits best at the height that 300 dpi give them.
pub fn part(picture: &GrayImage, area: Area, dpi: u32) -> Option<GrayImage> {
    const MARGIN: u32 = 16;
    let pixels = |place: i32| u32::try_from(i64::from(place.max(0)) * i64::from(dpi) / 7200).ok();
    let (left, top) = (pixels(area.left - 150)?, pixels(area.top - 120)?);
    let right = pixels(area.right + 150)?.min(picture.width());
    let bottom = pixels(area.bottom + 120)?.min(picture.height());
    let (width, height) = (right.checked_sub(left)?, bottom.checked_sub(top)?);
    if width == 0 || height == 0 {
        return None;
    }
    let part = imageops::crop_imm(picture, left, top, width, height).to_image();
    let mut framed = GrayImage::from_pixel(width + MARGIN * 2, height + MARGIN * 2, Luma([255]));
    imageops::replace(&mut framed, &part, i64::from(MARGIN), i64::from(MARGIN));
    Some(framed)
}

/// As a binary PGM, which every OCR engine reads.
pub fn to_pgm(picture: &GrayImage) -> Vec<u8> {
    let (width, height) = picture.dimensions();
    let mut bytes = format!("P5\n{width} {height}\n255\n").into_bytes();
    bytes.extend_from_slice(picture.as_raw());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_go_and_signs_stay() {
        let mut picture = GrayImage::from_pixel(400, 400, Luma([255]));
        (0..400).for_each(|x| picture.put_pixel(x, 50, Luma([0])));
        (100..108).for_each(|x| picture.put_pixel(x, 100, Luma([0])));
        remove_rules(&mut picture);
        assert_eq!(picture.get_pixel(200, 50).0, [255]);
        assert_eq!(picture.get_pixel(104, 100).0, [0]);
    }

    #[test]
    fn noise_is_smoothed_and_clean_paper_left_alone() {
        let clean = GrayImage::from_pixel(30, 30, Luma([240]));
        assert_eq!(calmed(clean.clone()), clean);
        let noisy = GrayImage::from_fn(30, 30, |x, y| Luma([if (x + y) % 2 == 0 { 250 } else { 190 }]));
        assert!((215..=225).contains(&calmed(noisy).get_pixel(15, 15).0[0]));
    }

    #[test]
    fn a_picture_goes_through_pgm() {
        let picture = GrayImage::from_pixel(3, 2, Luma([7]));
        assert_eq!(decode(&to_pgm(&picture)), Ok(picture));
    }

    #[test]
    fn a_claim_of_too_many_points_is_refused_by_the_header() {
        let refusal = decode(b"P5\n30000 30000\n255\n").unwrap_err();
        assert_eq!(refusal, Refusal::PictureTooLarge { width: 30_000, height: 30_000, limit: POINTS_MAX });
    }
}
