//! What makes rooms comfortable.

use super::{COLORS, Kind, PACKS, Shelf};

pub(super) const SHELF: Shelf = Shelf {
    category: "home",
    brands: &[
        ("Brightoak", "明橡"),
        ("Halden & Moss", "苔舍"),
        ("Wren Cottage", "鹪居"),
        ("Loomery", "织间"),
        ("Slow Harbor", "慢港"),
    ],
    kinds: &[
        Kind {
            subcategory: "bedding",
            noun: ("Duvet Cover Set", "床品四件套"),
            qualities: &[("Cotton", "纯棉"), ("Linen", "亚麻"), ("Brushed", "磨毛"), ("Washed", "水洗棉")],
            variants: COLORS,
            price_range: (129, 999),
            facts: &[("Grows softer with every wash.", "越洗越柔软。"), ("The zipper is hidden.", "隐形拉链设计。")],
        },
        Kind {
            subcategory: "bedding",
            noun: ("Pillow", "枕头"),
            qualities: &[("Memory Foam", "记忆棉"), ("Down", "羽绒"), ("Latex", "乳胶"), ("Buckwheat", "荞麦")],
            variants: &[],
            price_range: (59, 599),
            facts: &[
                ("Supports the neck without pressing.", "承托颈部而不压迫。"),
                ("The cover comes off for washing.", "枕套可拆洗。"),
            ],
        },
        Kind {
            subcategory: "decor",
            noun: ("Table Vase", "花瓶"),
            qualities: &[("Ceramic", "陶瓷"), ("Glass", "玻璃"), ("Hand-Blown", "手工吹制"), ("Minimalist", "极简")],
            variants: COLORS,
            price_range: (39, 399),
            facts: &[
                ("Looks good even without flowers.", "无花亦是风景。"),
                ("Stands firmly on its heavy base.", "加厚底座，稳固不倒。"),
            ],
        },
        Kind {
            subcategory: "decor",
            noun: ("Wall Clock", "挂钟"),
            qualities: &[("Silent", "静音"), ("Wooden", "实木"), ("Nordic", "北欧风"), ("Retro", "复古")],
            variants: COLORS,
            price_range: (69, 499),
            facts: &[
                ("The second hand moves without a tick.", "秒针走动无声。"),
                ("Easy to read from across the room.", "远处也能看清时间。"),
            ],
        },
        Kind {
            subcategory: "storage",
            noun: ("Storage Box", "收纳箱"),
            qualities: &[("Folding", "折叠"), ("Stackable", "可叠放"), ("Bamboo", "竹制"), ("Fabric", "布艺")],
            variants: PACKS,
            price_range: (29, 299),
            facts: &[
                ("Folds flat when it is empty.", "闲置时可折叠收起。"),
                ("Made for shelves of common depth.", "适配常见柜深。"),
            ],
        },
        Kind {
            subcategory: "fragrance",
            noun: ("Scented Candle", "香薰蜡烛"),
            qualities: &[("Soy", "大豆"), ("Beeswax", "蜂蜡"), ("Travel-Tin", "铁罐"), ("Three-Wick", "三芯")],
            variants: &[("Cedar", "雪松香"), ("Osmanthus", "桂花香"), ("Sea Salt", "海盐香"), ("White Tea", "白茶香")],
            price_range: (39, 299),
            facts: &[
                ("Burns for about forty hours.", "可燃烧约四十小时。"),
                ("The scent is present, never loud.", "香气淡雅不浓烈。"),
            ],
        },
    ],
    remarks: &[
        ("Carefully made down to the details.", "细节处处用心。"),
        ("Fits a small apartment as well as a large house.", "大小户型皆宜。"),
        ("Delivered ready to use.", "到货即用。"),
        ("Matches the rest of the series.", "可与同系列自由搭配。"),
    ],
};
