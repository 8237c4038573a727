//! Sound, light and pictures.

use super::{COLORS, Kind, NEUTRALS, Shelf};

pub(super) const SHELF: Shelf = Shelf {
    category: "electronics",
    brands: &[
        ("Tidelark", "潮雀"),
        ("Quillwave", "羽波"),
        ("Lumafen", "鹿芒"),
        ("Orrin Audio", "澄音"),
        ("Northpeal", "北磬"),
    ],
    kinds: &[
        Kind {
            subcategory: "audio",
            noun: ("Bluetooth Speaker", "蓝牙音箱"),
            qualities: &[("Portable", "便携式"), ("Waterproof", "防水"), ("Mini", "迷你"), ("Outdoor", "户外")],
            variants: COLORS,
            price_range: (89, 899),
            facts: &[
                ("Plays for up to twelve hours on one charge.", "一次充电可连续播放十二小时。"),
                ("Two of them pair into a stereo set.", "两台可配对组成立体声。"),
            ],
        },
        Kind {
            subcategory: "audio",
            noun: ("Headphones", "耳机"),
            qualities: &[
                ("Noise-Canceling", "主动降噪"),
                ("Wireless", "无线"),
                ("Over-Ear", "头戴式"),
                ("Foldable", "可折叠"),
            ],
            variants: COLORS,
            price_range: (129, 1999),
            facts: &[
                ("Soft ear cushions stay comfortable on a long flight.", "柔软耳罩，长途飞行也舒适。"),
                ("Calls sound clear even on a busy street.", "闹市通话同样清晰。"),
            ],
        },
        Kind {
            subcategory: "photo",
            noun: ("Instant Camera", "拍立得相机"),
            qualities: &[("Retro", "复古"), ("Compact", "小巧"), ("Pocket", "口袋"), ("Dual-Lens", "双镜头")],
            variants: COLORS,
            price_range: (299, 1299),
            facts: &[
                ("Prints appear within ninety seconds.", "九十秒即可出片。"),
                ("A built-in mirror helps with self-portraits.", "机身自带自拍镜。"),
            ],
        },
        Kind {
            subcategory: "photo",
            noun: ("Tripod", "三脚架"),
            qualities: &[
                ("Carbon Fiber", "碳纤维"),
                ("Travel", "旅行"),
                ("Flexible", "可弯曲"),
                ("Aluminum", "铝合金"),
            ],
            variants: NEUTRALS,
            price_range: (59, 899),
            facts: &[
                ("Folds down to the length of a forearm.", "收起后只有小臂长短。"),
                ("Holds a camera of up to five kilograms.", "最大承重五千克。"),
            ],
        },
        Kind {
            subcategory: "lighting",
            noun: ("Desk Lamp", "护眼台灯"),
            qualities: &[("Dimmable", "可调光"), ("Rechargeable", "充电式"), ("Clip-On", "夹式"), ("Folding", "折叠")],
            variants: COLORS,
            price_range: (69, 599),
            facts: &[
                ("Five color temperatures from candle to daylight.", "五档色温，从烛光到日光。"),
                ("Remembers the last brightness.", "自动记忆上次亮度。"),
            ],
        },
        Kind {
            subcategory: "power",
            noun: ("Power Bank", "充电宝"),
            qualities: &[
                ("Slim", "超薄"),
                ("Fast-Charging", "快充"),
                ("Magnetic", "磁吸"),
                ("High-Capacity", "大容量"),
            ],
            variants: COLORS,
            price_range: (79, 399),
            facts: &[
                ("Charges a phone twice before it needs a socket.", "可为手机充满两次电。"),
                ("Four small lights show what is left.", "四格指示灯显示剩余电量。"),
            ],
        },
    ],
    remarks: &[
        ("Comes with a two-year warranty.", "享两年质保。"),
        ("Easy to repair, with spare parts for years.", "易于维修，多年供应配件。"),
        ("The manual fits on one page.", "说明书只需一页。"),
        ("Ready in less than a minute.", "开箱一分钟即可使用。"),
    ],
};
