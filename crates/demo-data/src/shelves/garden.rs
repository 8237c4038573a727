//! For balconies, beds and lawns.

use super::{Kind, PACKS, Shelf};

pub(super) const SHELF: Shelf = Shelf {
    category: "garden",
    brands: &[
        ("Greenwillow", "青柳"),
        ("Spade & Sparrow", "铲雀"),
        ("Rootstead", "根园"),
        ("Fernhill", "蕨丘"),
        ("Kindsoil", "善土"),
    ],
    kinds: &[
        Kind {
            subcategory: "tools",
            noun: ("Pruning Shears", "修枝剪"),
            qualities: &[("Bypass", "弯口"), ("Ratchet", "省力棘轮"), ("Left-Handed", "左手用"), ("Steel", "钢制")],
            variants: &[],
            price_range: (39, 299),
            facts: &[
                ("Cuts branches as thick as a thumb.", "可剪断拇指粗的枝条。"),
                ("The blade can be replaced.", "刀片可更换。"),
            ],
        },
        Kind {
            subcategory: "tools",
            noun: ("Watering Can", "浇水壶"),
            qualities: &[("Long-Spout", "长嘴"), ("Copper", "铜制"), ("Balcony", "阳台"), ("Galvanized", "镀锌")],
            variants: &[("1.5 L", "1.5升"), ("3 L", "3升"), ("5 L", "5升")],
            price_range: (29, 259),
            facts: &[
                ("The rose makes a gentle rain.", "花洒出水细密如雨。"),
                ("Does not drip when put down.", "放下不滴漏。"),
            ],
        },
        Kind {
            subcategory: "pots",
            noun: ("Flower Pot", "花盆"),
            qualities: &[
                ("Terracotta", "红陶"),
                ("Self-Watering", "自动吸水"),
                ("Hanging", "吊挂"),
                ("Ceramic", "陶瓷"),
            ],
            variants: PACKS,
            price_range: (19, 299),
            facts: &[("Has a hole and a saucer.", "带透水孔和托盘。"), ("Frost does not crack it.", "抗冻不开裂。")],
        },
        Kind {
            subcategory: "seeds",
            noun: ("Seed Kit", "种子套装"),
            qualities: &[
                ("Herb", "香草"),
                ("Wildflower", "野花"),
                ("Vegetable", "蔬菜"),
                ("Butterfly-Friendly", "引蝶花卉"),
            ],
            variants: &[],
            price_range: (19, 129),
            facts: &[
                ("First leaves after ten days.", "十天左右发芽。"),
                ("Enough for a bed of two square meters.", "可播种两平方米。"),
            ],
        },
        Kind {
            subcategory: "furniture",
            noun: ("Garden Chair", "庭院椅"),
            qualities: &[("Folding", "折叠"), ("Acacia", "相思木"), ("Rattan", "藤编"), ("Reclining", "躺式")],
            variants: PACKS,
            price_range: (129, 1299),
            facts: &[
                ("Stays outside all summer.", "整个夏天都可放在户外。"),
                ("Comfortable without a cushion.", "不加坐垫也舒适。"),
            ],
        },
        Kind {
            subcategory: "lighting",
            noun: ("Solar Lantern", "太阳能灯"),
            qualities: &[("Hanging", "悬挂"), ("Path", "小径"), ("Paper-Style", "仿纸"), ("Motion-Sensing", "感应")],
            variants: PACKS,
            price_range: (39, 259),
            facts: &[
                ("Lights up by itself at dusk.", "天黑自动亮起。"),
                ("A sunny day gives eight hours of light.", "晒足一天，可亮八小时。"),
            ],
        },
    ],
    remarks: &[
        ("For balcony and garden alike.", "阳台庭院皆可用。"),
        ("Made with care for nature.", "用心制作，亲近自然。"),
        ("A good start for new gardeners.", "园艺新手的好帮手。"),
        ("A fine present for people who love plants.", "送给爱花人的好礼。"),
    ],
};
