//! For desks, at work and at home.

use super::{COLORS, Kind, NEUTRALS, PACKS, Shelf};

pub(super) const SHELF: Shelf = Shelf {
    category: "office",
    brands: &[
        ("Inkwell & Co", "墨池"),
        ("Foliant", "叶页"),
        ("Deskbound", "案头"),
        ("Paperlark", "纸雀"),
        ("Grid Nine", "九格"),
    ],
    kinds: &[
        Kind {
            subcategory: "writing",
            noun: ("Fountain Pen", "钢笔"),
            qualities: &[("Fine-Nib", "细尖"), ("Brass", "黄铜"), ("Calligraphy", "书法"), ("Retractable", "按动式")],
            variants: COLORS,
            price_range: (49, 899),
            facts: &[
                ("Starts at once, even after weeks.", "久置不干，落笔即写。"),
                ("Takes cartridges and a converter.", "墨囊与上墨器两用。"),
            ],
        },
        Kind {
            subcategory: "writing",
            noun: ("Gel Pen", "中性笔"),
            qualities: &[("Quick-Drying", "速干"), ("Fine-Tip", "细头"), ("Retractable", "按动"), ("Erasable", "可擦")],
            variants: PACKS,
            price_range: (9, 79),
            facts: &[("Does not smear under the hand.", "书写不蹭手。"), ("The grip is soft.", "笔握柔软。")],
        },
        Kind {
            subcategory: "paper",
            noun: ("Notebook", "笔记本"),
            qualities: &[("Dotted", "点阵"), ("Hardcover", "硬壳"), ("Pocket", "口袋"), ("Lay-Flat", "可平摊")],
            variants: COLORS,
            price_range: (19, 199),
            facts: &[
                ("Ink does not show through.", "纸张厚实不透墨。"),
                ("With ribbon, pocket and page numbers.", "带书签、内袋和页码。"),
            ],
        },
        Kind {
            subcategory: "paper",
            noun: ("Weekly Planner", "周计划本"),
            qualities: &[("Undated", "无日期"), ("Desktop", "桌面"), ("Minimalist", "极简"), ("Academic", "学年")],
            variants: COLORS,
            price_range: (29, 159),
            facts: &[
                ("Begins whenever you do.", "随时开始，不浪费一页。"),
                ("A week on two pages.", "一周两页，一目了然。"),
            ],
        },
        Kind {
            subcategory: "organizers",
            noun: ("Desk Organizer", "桌面收纳架"),
            qualities: &[("Bamboo", "竹制"), ("Mesh", "金属网"), ("Stackable", "可叠放"), ("Rotating", "旋转")],
            variants: COLORS,
            price_range: (29, 299),
            facts: &[
                ("A place for pens, phone and post.", "笔、手机、信件各有其位。"),
                ("Rubber feet protect the table.", "防滑脚垫不伤桌面。"),
            ],
        },
        Kind {
            subcategory: "furniture",
            noun: ("Office Chair", "办公椅"),
            qualities: &[
                ("Ergonomic", "人体工学"),
                ("Mesh", "网布"),
                ("Height-Adjustable", "可升降"),
                ("Compact", "小户型"),
            ],
            variants: NEUTRALS,
            price_range: (299, 2999),
            facts: &[
                ("Supports the small of the back.", "腰部承托贴合。"),
                ("Rolls quietly on wood and carpet.", "木地板、地毯上滚动静音。"),
            ],
        },
    ],
    remarks: &[
        ("Made from recycled material.", "采用再生材料制成。"),
        ("Used every day in our own office.", "我们自己的办公室也在用。"),
        ("Tidy desks think better.", "桌面整洁，思路清晰。"),
        ("Thought through to the last detail.", "每个细节都经过推敲。"),
    ],
};
