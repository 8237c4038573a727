//! What one wears, but for shoes.

use super::{Kind, NEUTRALS, Shelf, WEAR_COLORS};

pub(super) const SHELF: Shelf = Shelf {
    category: "clothing",
    brands: &[
        ("Millrace", "磨溪"),
        ("Fieldnote", "野笺"),
        ("Anselm & Daughters", "安舍"),
        ("Cloudpace", "云步"),
        ("Thistlewear", "蓟衣"),
    ],
    kinds: &[
        Kind {
            subcategory: "tops",
            noun: ("T-Shirt", "T恤"),
            qualities: &[
                ("Organic Cotton", "有机棉"),
                ("Heavyweight", "重磅"),
                ("Relaxed-Fit", "宽松"),
                ("Long-Sleeve", "长袖"),
            ],
            variants: WEAR_COLORS,
            price_range: (39, 299),
            facts: &[
                ("Keeps its shape after many washes.", "多次洗涤不变形。"),
                ("The collar does not curl.", "领口不易卷边。"),
            ],
        },
        Kind {
            subcategory: "tops",
            noun: ("Sweater", "毛衣"),
            qualities: &[
                ("Merino", "美利奴羊毛"),
                ("Cashmere", "羊绒"),
                ("Cable-Knit", "麻花针织"),
                ("Turtleneck", "高领"),
            ],
            variants: WEAR_COLORS,
            price_range: (159, 1299),
            facts: &[
                ("Warm without being heavy.", "轻盈又保暖。"),
                ("Soft enough for bare skin.", "亲肤柔软，可贴身穿着。"),
            ],
        },
        Kind {
            subcategory: "outerwear",
            noun: ("Rain Jacket", "冲锋衣"),
            qualities: &[
                ("Packable", "可收纳"),
                ("Windproof", "防风"),
                ("Three-in-One", "三合一"),
                ("Ultralight", "轻量"),
            ],
            variants: WEAR_COLORS,
            price_range: (199, 1599),
            facts: &[
                ("All seams are taped.", "全压胶防水接缝。"),
                ("Packs into its own pocket.", "可收纳进自身口袋。"),
            ],
        },
        Kind {
            subcategory: "outerwear",
            noun: ("Down Jacket", "羽绒服"),
            qualities: &[("Lightweight", "轻薄"), ("Hooded", "连帽"), ("Long", "长款"), ("Cropped", "短款")],
            variants: WEAR_COLORS,
            price_range: (299, 2499),
            facts: &[("Filled with 90 percent down.", "填充九成白鸭绒。"), ("The hood comes off.", "帽子可拆卸。")],
        },
        Kind {
            subcategory: "trousers",
            noun: ("Jeans", "牛仔裤"),
            qualities: &[("Straight-Leg", "直筒"), ("High-Waisted", "高腰"), ("Slim-Fit", "修身"), ("Stretch", "弹力")],
            variants: NEUTRALS,
            price_range: (99, 799),
            facts: &[
                ("The denim softens to your shape.", "面料越穿越贴合身形。"),
                ("Five pockets, reinforced with rivets.", "经典五袋款，铆钉加固。"),
            ],
        },
        Kind {
            subcategory: "accessories",
            noun: ("Scarf", "围巾"),
            qualities: &[("Wool", "羊毛"), ("Silk", "真丝"), ("Checked", "格纹"), ("Oversized", "加大")],
            variants: WEAR_COLORS,
            price_range: (49, 699),
            facts: &[
                ("Long enough to wrap twice.", "长度足够绕颈两圈。"),
                ("The fringes are knotted by hand.", "流苏手工打结。"),
            ],
        },
    ],
    remarks: &[
        ("Made for many seasons.", "经典款式，历久弥新。"),
        ("Goes with nearly everything.", "百搭不挑。"),
        ("Sewn in a workshop that pays fairly.", "由公平薪酬的工坊缝制。"),
        ("Can be returned within thirty days.", "三十天内可退换。"),
    ],
};
