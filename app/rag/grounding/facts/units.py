"""Units of measure by their dimension: 24 months are two years, 500 m are half a kilometre."""

_DAY = 86_400.0

# dimension → unit in words → how many of the dimension's base unit it is
_TABLE: dict[str, dict[str, float]] = {
    "time": {
        "秒 秒钟 s sec secs second seconds": 1,
        "分钟 min mins minute minutes": 60,
        "小时 个小时 钟头 个钟头 h hr hrs hour hours": 3600,
        "天 日 日历日 自然日 day days": _DAY,
        "周 星期 个星期 礼拜 week weeks": 7 * _DAY,
    },
    "workdays": {"工作日 个工作日 working@day working@days business@day business@days": 1},
    "months": {
        "个月 month months": 1,
        "季度 个季度 quarter quarters": 3,
        "年 周年 年度 周岁 岁 year years year-old": 12,
    },
    "yuan": {"元 块 块钱 元人民币 人民币 yuan rmb cny": 1, "角 毛": 0.1},
    "dollars": {"美元 美金 usd dollar dollars us@dollars": 1, "cent cents": 0.01},
    "euros": {"欧元 eur euro euros": 1},
    "pounds": {"英镑 gbp": 1},
    "length": {
        "毫米 mm millimetre millimetres millimeter millimeters": 0.001,
        "厘米 公分 cm centimetre centimetres centimeter centimeters": 0.01,
        "米 m metre metres meter meters": 1,
        "公里 千米 km kilometre kilometres kilometer kilometers": 1000,
        "英寸 inch inches": 0.0254,
        "英尺 ft foot feet": 0.3048,
    },
    "mass": {
        "毫克 mg": 1e-6,
        "克 g gram grams": 0.001,
        "斤 市斤": 0.5,
        "公斤 千克 kg kilogram kilograms kilo kilos": 1,
        "吨 t ton tons tonne tonnes": 1000,
    },
    "volume": {
        "毫升 ml millilitre millilitres milliliter milliliters": 0.001,
        "升 公升 l litre litres liter liters": 1,
    },
    "area": {"平方米 平米 ㎡ m2 m² sqm": 1, "亩": 666.67, "公顷 ha hectare hectares": 10_000},
    "temperature": {"℃ °c 摄氏度 度 degrees degrees@celsius c": 1},
    "fahrenheit": {"℉ °f degrees@fahrenheit": 1},
    "share": {"% percent per@cent pct": 1, "成": 10},
    "points": {"个百分点 百分点 percentage@point percentage@points pp": 1},
    "bytes": {
        "kb 千字节": 1e3,
        "mb 兆 兆字节 megabytes": 1e6,
        "gb gigabytes": 1e9,
        "tb terabytes": 1e12,
    },
    "voltage": {"v 伏 伏特 volt volts": 1, "kv 千伏": 1000},
    "current": {"ma 毫安": 0.001, "a 安 安培 amp amps ampere amperes": 1},
    "power": {"w 瓦 瓦特 watt watts": 1, "kw 千瓦 kilowatt kilowatts": 1000},
    "energy": {"kwh 千瓦时 kilowatt-hours": 1},
    "pressure": {"pa": 1, "kpa 千帕": 1e3, "bar 巴": 1e5, "mpa 兆帕": 1e6},
    "frequency": {"hz 赫兹": 1, "khz": 1e3, "mhz": 1e6, "ghz": 1e9},
    "speed": {"rpm r/min 转/分 转": 1},
    "times": {"倍 times": 1},
}

UNITS: dict[str, tuple[str, float]] = {
    unit.replace("@", " "): (dimension, factor)
    for dimension, scales in _TABLE.items()
    for units, factor in scales.items()
    for unit in units.split()
}
CURRENCY_SIGNS = {"$": "dollars", "€": "euros", "£": "pounds", "¥": "yuan", "￥": "yuan"}
MULTIPLES = {"百": 1e2, "千": 1e3, "万": 1e4, "百万": 1e6, "千万": 1e7, "亿": 1e8} | {
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
}
