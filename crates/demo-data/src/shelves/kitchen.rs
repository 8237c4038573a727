//! What one cooks, brews and eats with.

use super::{COLORS, Kind, NEUTRALS, PACKS, Shelf};

pub(super) const SHELF: Shelf = Shelf {
    category: "kitchen",
    brands: &[
        ("Oakhollow", "橡谷"),
        ("Emberly", "暖烬"),
        ("Stonefield", "石田"),
        ("Hearthwell", "炉边"),
        ("Marrow & Thyme", "百里香"),
    ],
    kinds: &[
        Kind {
            subcategory: "cookware",
            noun: ("Frying Pan", "煎锅"),
            qualities: &[
                ("Cast-Iron", "铸铁"),
                ("Nonstick", "不粘"),
                ("Stainless Steel", "不锈钢"),
                ("Copper-Bottom", "铜底"),
            ],
            variants: &[("24 cm", "24厘米"), ("28 cm", "28厘米"), ("30 cm", "30厘米")],
            price_range: (79, 799),
            facts: &[
                ("Heats evenly from rim to rim.", "锅身受热均匀。"),
                ("Works on gas, electric and induction.", "燃气灶、电磁炉通用。"),
            ],
        },
        Kind {
            subcategory: "cookware",
            noun: ("Soup Pot", "汤锅"),
            qualities: &[("Enameled", "珐琅"), ("Clay", "陶土"), ("Deep", "加深"), ("Glass-Lid", "玻璃盖")],
            variants: COLORS,
            price_range: (99, 999),
            facts: &[
                ("Keeps soup warm at the table.", "上桌后仍能久久保温。"),
                ("The handles stay cool.", "手柄防烫。"),
            ],
        },
        Kind {
            subcategory: "knives",
            noun: ("Chef's Knife", "主厨刀"),
            qualities: &[
                ("Forged", "锻打"),
                ("Damascus", "大马士革钢"),
                ("Japanese-Style", "日式"),
                ("Full-Tang", "一体柄"),
            ],
            variants: &[("18 cm", "18厘米"), ("20 cm", "20厘米"), ("24 cm", "24厘米")],
            price_range: (99, 1299),
            facts: &[
                ("Stays sharp through months of daily use.", "天天使用，数月依旧锋利。"),
                ("The handle is balanced for long work.", "刀柄配重均衡，久握不累。"),
            ],
        },
        Kind {
            subcategory: "drinks",
            noun: ("Pour-Over Kettle", "手冲壶"),
            qualities: &[("Gooseneck", "细口"), ("Electric", "电热"), ("Matte", "磨砂"), ("Thermostatic", "恒温")],
            variants: COLORS,
            price_range: (89, 699),
            facts: &[
                ("Pours as thin or as fast as you like.", "水流粗细随心控制。"),
                ("Shows the temperature to the degree.", "水温精确到一度。"),
            ],
        },
        Kind {
            subcategory: "drinks",
            noun: ("Tea Set", "茶具套装"),
            qualities: &[("Porcelain", "白瓷"), ("Celadon", "青瓷"), ("Travel", "旅行"), ("Stoneware", "粗陶")],
            variants: PACKS,
            price_range: (99, 1299),
            facts: &[
                ("Thrown and glazed by hand.", "手工拉坯上釉。"),
                ("The pot has a fine strainer.", "壶口内置细密滤网。"),
            ],
        },
        Kind {
            subcategory: "appliances",
            noun: ("Rice Cooker", "电饭煲"),
            qualities: &[("Smart", "智能"), ("Mini", "迷你"), ("Pressure", "压力"), ("Low-Sugar", "低糖")],
            variants: NEUTRALS,
            price_range: (129, 1499),
            facts: &[
                ("Rice is ready when you come home.", "预约功能，到家即可开饭。"),
                ("Cooks congee, soup and cake as well.", "煮粥、煲汤、做蛋糕一机搞定。"),
            ],
        },
    ],
    remarks: &[
        ("Easy to clean.", "清洗方便。"),
        ("A small recipe book is included.", "随附小食谱一本。"),
        ("Made to last, with spare parts for ten years.", "经久耐用，十年内提供配件。"),
        ("A welcome gift for a new home.", "乔迁送礼的好选择。"),
    ],
};
