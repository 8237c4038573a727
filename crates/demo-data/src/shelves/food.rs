//! Tea, coffee, and what goes with them.

use super::{Kind, PACKS, Shelf, WEIGHTS};

pub(super) const SHELF: Shelf = Shelf {
    category: "food",
    brands: &[
        ("Misty Peak", "雾峰"),
        ("Granary Lane", "谷仓巷"),
        ("Goldenfield", "金田"),
        ("Harbor Roast", "港焙"),
        ("Plum & Pine", "梅松"),
    ],
    kinds: &[
        Kind {
            subcategory: "tea",
            noun: ("Green Tea", "绿茶"),
            qualities: &[
                ("Spring-Picked", "明前"),
                ("High-Mountain", "高山"),
                ("Organic", "有机"),
                ("Hand-Rolled", "手工"),
            ],
            variants: WEIGHTS,
            price_range: (39, 699),
            facts: &[("Fresh and lightly sweet.", "清鲜回甘。"), ("Good for three infusions.", "耐泡，三道仍有余香。")],
        },
        Kind {
            subcategory: "tea",
            noun: ("Oolong Tea", "乌龙茶"),
            qualities: &[("Roasted", "炭焙"), ("Orchid-Scented", "兰香"), ("Aged", "陈年"), ("High-Mountain", "高山")],
            variants: WEIGHTS,
            price_range: (49, 899),
            facts: &[
                ("Its scent stays in the cup.", "杯底留香。"),
                ("Rolled by hand and roasted slowly.", "手工揉捻，慢火烘焙。"),
            ],
        },
        Kind {
            subcategory: "coffee",
            noun: ("Coffee Beans", "咖啡豆"),
            qualities: &[
                ("Medium-Roast", "中度烘焙"),
                ("Single-Origin", "单一产地"),
                ("Espresso", "意式"),
                ("Decaf", "低因"),
            ],
            variants: WEIGHTS,
            price_range: (39, 299),
            facts: &[
                ("Notes of cocoa and dried fruit.", "带有可可与果干风味。"),
                ("Roasted to order.", "下单后现烘。"),
            ],
        },
        Kind {
            subcategory: "snacks",
            noun: ("Mixed Nuts", "混合坚果"),
            qualities: &[("Roasted", "烘烤"), ("Unsalted", "原味"), ("Honey", "蜂蜜"), ("Daily", "每日")],
            variants: WEIGHTS,
            price_range: (29, 199),
            facts: &[
                ("Crisp to the last handful.", "颗颗香脆。"),
                ("Almonds, cashews and walnuts.", "含巴旦木、腰果和核桃。"),
            ],
        },
        Kind {
            subcategory: "snacks",
            noun: ("Dark Chocolate", "黑巧克力"),
            qualities: &[("Sea-Salt", "海盐"), ("70 Percent", "70%可可"), ("Hazelnut", "榛子"), ("Orange", "香橙")],
            variants: PACKS,
            price_range: (19, 159),
            facts: &[("Melts slowly.", "丝滑慢融。"), ("More cocoa than sugar.", "可可多于糖。")],
        },
        Kind {
            subcategory: "pantry",
            noun: ("Honey", "蜂蜜"),
            qualities: &[("Acacia", "洋槐"), ("Wildflower", "百花"), ("Linden", "椴树"), ("Raw", "原生")],
            variants: WEIGHTS,
            price_range: (39, 259),
            facts: &[
                ("From one valley and one summer.", "来自同一山谷的同一季花期。"),
                ("Crystals are a sign of quality.", "天然结晶，品质之证。"),
            ],
        },
    ],
    remarks: &[
        ("Packed the week it is ordered.", "下单当周新鲜包装。"),
        ("Keep in a cool, dry place.", "请置于阴凉干燥处保存。"),
        ("From small farms.", "源自小农庄。"),
        ("Makes a fine present.", "送礼佳品。"),
    ],
};
