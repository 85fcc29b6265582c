//! The demo's products: what a Stockholm kitchen orders in a week.

use events::{
    product::ProductDetails,
    values::{Quantity, Tax, TaxCategory},
};

/// A product of the demo.
pub struct DemoProduct {
    /// Of supplier 1 or 2.
    pub supplier: u16,
    sku: &'static str,
    name: &'static str,
    unit: &'static str,
    /// Öre per unit, without VAT.
    pub price_minor: i64,
    stock_units: i64,
    tax: TaxCategory,
    kind: &'static str,
    pack_units: i64,
    shelf_life_days: Option<u16>,
}

impl DemoProduct {
    /// As the log has it.
    pub fn details(&self) -> ProductDetails {
        ProductDetails {
            name: self.name.to_owned(),
            sku: self.sku.to_owned(),
            unit: self.unit.to_owned(),
            gtin: None,
            description: None,
            tax: Tax::Category(self.tax),
            low_stock_at: Quantity::units(10),
            category: Some(self.kind.to_owned()),
            shelf_life_days: self.shelf_life_days,
            pack: Some(Quantity::units(self.pack_units)),
        }
    }

    /// The same, of that kind, so many units to the pack.
    const fn of_kind(mut self, kind: &'static str, pack_units: i64) -> Self {
        self.kind = kind;
        self.pack_units = pack_units;
        self
    }

    /// The same, which keeps so many days.
    const fn keeps(mut self, days: u16) -> Self {
        self.shelf_life_days = Some(days);
        self
    }

    /// What there is of it.
    pub fn stock(&self) -> Quantity {
        Quantity::units(self.stock_units)
    }
}

const fn food(
    supplier: u16,
    sku: &'static str,
    name: &'static str,
    unit: &'static str,
    price_minor: i64,
    stock_units: i64,
) -> DemoProduct {
    DemoProduct {
        supplier,
        sku,
        name,
        unit,
        price_minor,
        stock_units,
        tax: TaxCategory::Food,
        kind: "",
        pack_units: 1,
        shelf_life_days: None,
    }
}

const fn standard(
    supplier: u16,
    sku: &'static str,
    name: &'static str,
    unit: &'static str,
    price_minor: i64,
    stock_units: i64,
) -> DemoProduct {
    DemoProduct { tax: TaxCategory::Standard, ..food(supplier, sku, name, unit, price_minor, stock_units) }
}

/// KGM kilogram, LTR litre, H87 piece, XBX box (UN/ECE Recommendation 20 and 21).
pub const PRODUCTS: [DemoProduct; 28] = [
    food(1, "FG-1001", "Tomater klass 1, lösvikt", "KGM", 2_850, 400).of_kind("grönsaker", 5).keeps(7),
    food(1, "FG-1002", "Tomater på kvist", "KGM", 3_490, 180).of_kind("grönsaker", 5).keeps(7),
    food(1, "FG-1010", "Gurka svensk", "H87", 1_290, 300).of_kind("grönsaker", 12).keeps(8),
    food(1, "FG-1020", "Potatis fast, tvättad 10 kg", "XBX", 8_900, 120).of_kind("rotfrukter", 1).keeps(60),
    food(1, "FG-1021", "Mandelpotatis 5 kg", "XBX", 7_450, 60).of_kind("rotfrukter", 1).keeps(45),
    food(1, "FG-1030", "Gul lök 5 kg", "XBX", 4_200, 150).of_kind("rotfrukter", 1).keeps(60),
    food(1, "FG-1031", "Rödlök", "KGM", 1_650, 90).of_kind("rotfrukter", 5).keeps(45),
    food(1, "FG-1040", "Isbergssallad", "H87", 1_590, 200).of_kind("sallad", 10).keeps(7),
    food(1, "FG-1041", "Ruccola tvättad 500 g", "H87", 4_350, 80).of_kind("sallad", 1).keeps(5),
    food(1, "FG-1050", "Champinjoner", "KGM", 5_200, 75).of_kind("svamp", 3).keeps(5),
    food(1, "FG-1051", "Kantareller svenska", "KGM", 24_900, 12).of_kind("svamp", 1).keeps(4),
    food(1, "FG-1060", "Citron", "KGM", 3_100, 110).of_kind("frukt", 6).keeps(21),
    food(1, "FG-1061", "Äpple Ingrid Marie", "KGM", 2_450, 220).of_kind("frukt", 13).keeps(30),
    food(1, "FG-1070", "Dill i kruka", "H87", 1_950, 60).of_kind("örter", 8).keeps(6),
    food(1, "FG-1071", "Gräslök i kruka", "H87", 1_950, 8).of_kind("örter", 8).keeps(6),
    standard(1, "FG-9001", "Snittblommor, dagens bukett", "H87", 8_900, 25).of_kind("blommor", 5).keeps(5),
    food(2, "NH-2001", "Laxfilé färsk, med skinn", "KGM", 21_900, 140).of_kind("fisk", 5).keeps(3),
    food(2, "NH-2002", "Torskrygg färsk", "KGM", 28_500, 60).of_kind("fisk", 3).keeps(3),
    food(2, "NH-2003", "Handskalade räkor i lake 1 kg", "H87", 32_900, 45).of_kind("skaldjur", 1).keeps(14),
    food(2, "NH-2004", "Sill 5-minuters 2 kg", "H87", 14_900, 30).of_kind("fisk", 1).keeps(120),
    food(2, "NH-2010", "Nötfärs 12 %", "KGM", 10_900, 200).of_kind("kött", 5).keeps(6),
    food(2, "NH-2011", "Högrev i bit, svensk", "KGM", 14_500, 95).of_kind("kött", 4).keeps(21),
    food(2, "NH-2012", "Fläskfilé svensk", "KGM", 13_200, 85).of_kind("kött", 2).keeps(10),
    food(2, "NH-2020", "Kycklinglårfilé 2,5 kg", "XBX", 24_800, 70).of_kind("fågel", 1).keeps(7),
    food(2, "NH-2030", "Ägg frigående 30-pack", "XBX", 8_700, 160).of_kind("mejeri", 1).keeps(28),
    food(2, "NH-2040", "Smör normalsaltat 10 kg", "XBX", 89_000, 35).of_kind("mejeri", 1).keeps(90),
    food(2, "NH-2041", "Vispgrädde 40 %", "LTR", 4_650, 240).of_kind("mejeri", 10).keeps(14),
    standard(2, "NH-9001", "Isopåse engångs, 50 st", "XBX", 17_500, 40).of_kind("förbrukning", 1),
];
