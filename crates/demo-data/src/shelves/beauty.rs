//! Care for skin, hair and teeth.

use super::{COLORS, Kind, PACKS, Shelf, VOLUMES};

pub(super) const SHELF: Shelf = Shelf {
    category: "beauty",
    brands: &[
        ("Petalume", "瓣光"),
        ("Mossrose", "苔玫"),
        ("Clarabel", "清铃"),
        ("Dewpoint", "露点"),
        ("Saltmeadow", "盐原"),
    ],
    kinds: &[
        Kind {
            subcategory: "skincare",
            noun: ("Face Cream", "面霜"),
            qualities: &[("Hydrating", "补水"), ("Soothing", "舒缓"), ("Night", "晚安"), ("Light", "清爽")],
            variants: VOLUMES,
            price_range: (59, 699),
            facts: &[
                ("Absorbs quickly and leaves no film.", "吸收快，不黏腻。"),
                ("With ceramides and oat extract.", "添加神经酰胺与燕麦精华。"),
            ],
        },
        Kind {
            subcategory: "skincare",
            noun: ("Sunscreen", "防晒霜"),
            qualities: &[("Mineral", "物理"), ("Waterproof", "防水"), ("Light", "轻薄"), ("Children's", "儿童")],
            variants: VOLUMES,
            price_range: (49, 299),
            facts: &[
                ("Leaves no white trace.", "不泛白。"),
                ("Protects against UVA and UVB.", "同时防护 UVA 与 UVB。"),
            ],
        },
        Kind {
            subcategory: "hair",
            noun: ("Shampoo", "洗发水"),
            qualities: &[
                ("Silicone-Free", "无硅油"),
                ("Strengthening", "强韧"),
                ("Gentle", "温和"),
                ("Oil-Control", "控油"),
            ],
            variants: VOLUMES,
            price_range: (39, 239),
            facts: &[
                ("Cleans without drying out.", "洁净而不干涩。"),
                ("Smells faintly of rosemary.", "淡淡迷迭香气息。"),
            ],
        },
        Kind {
            subcategory: "hair",
            noun: ("Hair Dryer", "吹风机"),
            qualities: &[("Ionic", "负离子"), ("Folding", "折叠"), ("Quiet", "低噪"), ("High-Speed", "高速")],
            variants: COLORS,
            price_range: (99, 1299),
            facts: &[
                ("Dries long hair in minutes.", "几分钟吹干长发。"),
                ("Never hotter than it should be.", "智能控温，不伤发。"),
            ],
        },
        Kind {
            subcategory: "oral",
            noun: ("Electric Toothbrush", "电动牙刷"),
            qualities: &[("Sonic", "声波"), ("Travel", "旅行"), ("Gentle", "柔护"), ("Children's", "儿童")],
            variants: COLORS,
            price_range: (79, 599),
            facts: &[
                ("A charge lasts three weeks.", "充一次电可用三周。"),
                ("Pauses every thirty seconds to change sides.", "每三十秒提醒换区。"),
            ],
        },
        Kind {
            subcategory: "makeup",
            noun: ("Lip Balm", "润唇膏"),
            qualities: &[("Tinted", "变色"), ("Honey", "蜂蜜"), ("Overnight", "夜间"), ("Fragrance-Free", "无香")],
            variants: PACKS,
            price_range: (19, 129),
            facts: &[("Keeps lips soft all day.", "全天滋润不干裂。"), ("Made with real beeswax.", "添加天然蜂蜡。")],
        },
    ],
    remarks: &[
        ("Gentle enough for sensitive people.", "温和呵护，敏感人群也适用。"),
        ("The packaging is recyclable.", "包装可回收。"),
        ("Suits daily use.", "适合日常使用。"),
        ("A favorite of our regular customers.", "深受老顾客喜爱。"),
    ],
};
