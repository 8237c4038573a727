//! Shoes for every path.

use super::{Kind, Shelf, WEAR_COLORS};

pub(super) const SHELF: Shelf = Shelf {
    category: "shoes",
    brands: &[
        ("Strideaway", "迈远"),
        ("Cobble Lane", "石巷"),
        ("Larchfoot", "落叶松"),
        ("Pacewell", "步安"),
        ("Ridgeborn", "山脊"),
    ],
    kinds: &[
        Kind {
            subcategory: "running",
            noun: ("Running Shoes", "跑鞋"),
            qualities: &[("Cushioned", "缓震"), ("Lightweight", "轻量"), ("Trail", "越野"), ("Breathable", "透气")],
            variants: WEAR_COLORS,
            price_range: (199, 1299),
            facts: &[
                ("The sole gives back what each step puts in.", "中底回弹出色，步步轻快。"),
                ("Reflective stripes make you visible at dusk.", "反光条设计，夜跑更安全。"),
            ],
        },
        Kind {
            subcategory: "casual",
            noun: ("Sneakers", "休闲鞋"),
            qualities: &[("Canvas", "帆布"), ("Leather", "真皮"), ("Slip-On", "一脚蹬"), ("Platform", "厚底")],
            variants: WEAR_COLORS,
            price_range: (99, 899),
            facts: &[
                ("Goes with jeans as well as with a suit.", "搭配牛仔裤或西装都合适。"),
                ("Comfortable from the first day.", "上脚即舒适，无需磨合。"),
            ],
        },
        Kind {
            subcategory: "boots",
            noun: ("Hiking Boots", "登山靴"),
            qualities: &[("Waterproof", "防水"), ("Mid-Cut", "中帮"), ("Suede", "反绒皮"), ("Insulated", "保暖")],
            variants: WEAR_COLORS,
            price_range: (299, 1799),
            facts: &[
                ("Grips on wet stone.", "湿滑石面抓地牢固。"),
                ("Keeps the ankle safe on rough ground.", "崎岖路面护踝稳固。"),
            ],
        },
        Kind {
            subcategory: "boots",
            noun: ("Ankle Boots", "短靴"),
            qualities: &[("Chelsea", "切尔西"), ("Lace-Up", "系带"), ("Suede", "麂皮"), ("Block-Heel", "粗跟")],
            variants: WEAR_COLORS,
            price_range: (199, 1499),
            facts: &[
                ("Elastic sides make them quick to put on.", "弹力侧边，穿脱方便。"),
                ("Lined with soft leather.", "柔软皮革内里。"),
            ],
        },
        Kind {
            subcategory: "sandals",
            noun: ("Sandals", "凉鞋"),
            qualities: &[("Cork", "软木"), ("Sport", "运动"), ("Woven", "编织"), ("Strappy", "绑带")],
            variants: WEAR_COLORS,
            price_range: (59, 499),
            facts: &[
                ("Dries quickly after the beach.", "沾水速干，海边也能穿。"),
                ("The footbed follows the arch.", "足床贴合足弓。"),
            ],
        },
        Kind {
            subcategory: "slippers",
            noun: ("Slippers", "拖鞋"),
            qualities: &[("Felt", "毛毡"), ("Plush", "毛绒"), ("Quiet-Sole", "静音"), ("Hotel", "酒店款")],
            variants: WEAR_COLORS,
            price_range: (29, 199),
            facts: &[
                ("The sole is soft and silent.", "鞋底柔软静音。"),
                ("Warm feet on cold floors.", "冬日居家，双脚温暖。"),
            ],
        },
    ],
    remarks: &[
        ("Light enough for a suitcase.", "轻便易携，旅行必备。"),
        ("Order your usual size.", "按平时尺码选购即可。"),
        ("Checked by hand before it ships.", "出厂前逐双人工质检。"),
        ("Comes in a plastic-free box.", "采用无塑包装。"),
    ],
};
