r"""Hand-labelled summaries: what a careful reader says was kept, dropped and invented.

The labels were written before the code was run, and by one rule: a number of the new
memory is kept when the reader can point to that value in the question, the previous
memory or the thought ("half" is 1/2, "twice" is 2, 40% is 0.4), and invented when not; a
number of the previous memory or the thought is dropped when neither the new memory nor
the question holds it. A converted value (180 minutes, 3 hours) is a new value.
Labels are values split by blanks, "20%" as 20, "7:30" as 7 and 30. In a memory, a line
that starts with "> " is something to do next. The last section is known to be hard.
"""

from __future__ import annotations

from typing import NamedTuple

from prompts.memories import TextMemory


class Case(NamedTuple):
    question: str
    previous: str
    thought: str
    summary: str
    kept: str = ""
    dropped: str = ""
    invented: str = ""


def memory(text: str) -> TextMemory:
    lines = [line for line in text.split("\n") if line]
    return TextMemory(
        known=tuple(line for line in lines if not line.startswith("> ")),
        next=tuple(line[2:] for line in lines if line.startswith("> ")),
    )


CLIPS = (
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. How many clips did "
    "Natalia sell altogether in April and May?"
)
WENG = (
    "Weng earns $12 an hour for babysitting. Yesterday, she just did 50 minutes of babysitting. How much did she earn?"
)
BETTY = (
    "Betty is saving money for a new wallet which costs $100. Betty has only half of the money she needs. Her parents "
    "decided to give her $15 for that purpose, and her grandparents twice as much as her parents."
)
DUCKS = (
    "Janet's ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes muffins for her friends "
    "every day with four. She sells the remainder for $2 per egg. How much does she make every day?"
)
HOUSE = (
    "Josh decides to try flipping a house. He buys a house for $80,000 and then puts in $50,000 in repairs. This "
    "increased the value of the house by 150%. How much profit did he make?"
)
PASTRIES = (
    "Toulouse bought 3 dozen donuts which cost $68 per dozen, 2 dozen mini cupcakes which cost $80 per dozen, and 6 "
    "dozen mini cheesecakes for $55 per dozen. How much was the total cost?"
)
SHEEP = (
    "Toulouse has twice as many sheep as Charleston. Charleston has 4 times as many sheep as Seattle. How many "
    "sheep do they have together if Seattle has 20 sheep?"
)
FILE = (
    "Carla is downloading a 200 GB file. Normally she can download 2 GB/minute, but 40% of the way through the "
    "download, Windows forces a restart which takes 20 minutes."
)
GLASS = "One glass costs $5, but every second glass costs only 60% of the price. Kylar wants to buy 16 glasses."
FLOUR = "A recipe needs 2 1/2 cups of flour for one cake. How much flour is needed for 6 cakes?"

CASES = (
    # whole numbers and plain steps
    Case(CLIPS, "", "In May she sold 48 / 2 = 24 clips.", "April = 48 clips\nMay = 24 clips\n> add them", "48 24", "2"),
    Case(CLIPS, "April = 48\nMay = 24", "48 + 24 = 72 clips altogether.", "April + May = 72 clips", "72", "24"),
    Case(CLIPS, "April = 48\nMay = 24", "48 + 24 = 72 clips.", "April = 48, May = 24, total = 72", "48 24 72"),
    Case(CLIPS, "", "She sold 48/2 = 24 clips in May.", "May: 24 clips", "24", "2"),
    Case(CLIPS, "May = 24", "48 + 24 = 72", "The total is 74 clips", "", "24 72", "74"),
    Case(CLIPS, "", "Half of 48 is 24.", "May = 24 clips\n> add 48 and 24", "24 48"),
    Case(CLIPS, "", "Let me first find the clips sold in May.", "> find the clips sold in May"),
    Case(CLIPS, "", "Half of 48 is 24.", "May = 26 clips", "", "24", "26"),
    Case(CLIPS, "May = 24", "", "May = 24", "24"),
    Case(CLIPS, "May = 24", "", "", "", "24"),
    Case(CLIPS, "", "", "April = 48", "48"),
    Case(CLIPS, "", "", "", ""),
    Case(WENG, "", "50 minutes is 50/60 of an hour.", "She worked 50/60 of an hour", "50/60"),
    Case(WENG, "", "$12 / 60 = $0.20 per minute.", "rate = $0.20 per minute\ntime = 50 minutes", "0.2 50", "60"),
    Case(WENG, "rate = $0.20 per minute", "0.20 × 50 = 10 dollars.", "She earned $10.", "10", "0.2"),
    Case(WENG, "rate = $0.20 per minute", "0.2 x 50 = $10", "rate = 0.20, earned = $10.00", "0.2 10"),
    Case(BETTY, "", "Betty has $100 / 2 = $50.", "Betty has $50\n> what do the grandparents give?", "50"),
    Case(BETTY, "Betty has $50", "The grandparents give 15 * 2 = $30.", "has $50, gets $15 and $30", "50 15 30"),
    Case(BETTY, "has $50, gets $15 and $30", "50 + 15 + 30 = 95, so she needs $5.", "needs $5 more", "5", "50 30 95"),
    Case(BETTY, "has $50", "Grandparents: $15 x 2 = $30", "has $50\ngets $15 and $35", "50 15", "30", "35"),
    # number words
    Case(DUCKS, "", "She uses 3 + 4 = 7 eggs.", "eggs used = 7", "7"),
    Case(DUCKS, "eggs used = 7", "16 - 7 = 9 eggs are left.", "nine eggs are left to sell for $2 each", "9 2", "7"),
    Case(DUCKS, "nine eggs left", "9 * 2 = 18", "She makes eighteen dollars", "18", "9"),
    Case(DUCKS, "", "She eats three and bakes with four.", "used: three and four of sixteen eggs", "3 4 16"),
    Case(DUCKS, "", "She eats three and bakes with four, seven in all.", "She uses 8 eggs.", "", "7", "8"),
    Case("Tom has twelve apples and gives away five.", "", "12 - 5 = 7.", "seven apples left", "7"),
    Case(
        "Ann has Fifteen books on two shelves.",
        "",
        "15 / 2 is not whole: 7.5.",
        "Fifteen books, 2 shelves",
        "15 2",
        "7.5",
    ),
    Case("There are twenty students in a class.", "", "Ten of them are girls.", "20 students, 10 girls", "20 10"),
    Case("There are twenty students in a class.", "", "Ten are girls.", "20 students, eleven girls", "20", "10", "11"),
    Case("A five-day trip costs $40 a day.", "", "5 * 40 = 200", "The five-day trip costs $200", "5 200"),
    Case("Everyone gets one cake; there are 14 people.", "", "14 cakes.", "one cake each, fourteen cakes", "1 14"),
    Case("Zero of the 18 eggs broke.", "", "So 18 - 0 = 18 are whole.", "0 broken, 18 whole", "0 18"),
    Case("Each of 6 kids eats 2 pears.", "", "6 * 2 = 12. No one is left out.", "12 pears", "12"),
    # thousands, money, decimals
    Case(HOUSE, "", "Total cost: $80,000 + $50,000 = $130,000", "cost = $130000", "130000"),
    Case(
        HOUSE,
        "cost = 130,000",
        "The value rose by 80,000 * 1.5 = $120,000.",
        "cost 130,000; rise 120000",
        "130000 120000",
    ),
    Case(
        HOUSE,
        "cost = 130,000",
        "The value rose by 80,000 * 1.5 = $120,000.",
        "rise = $12,000",
        "",
        "130000 120000",
        "12000",
    ),
    Case(
        HOUSE,
        "cost 130,000; rise 120,000",
        "The new value is 200,000. Profit = 70,000.",
        "profit = $70,000",
        "70000",
        "130000 120000 200000",
    ),
    Case(
        "A car costs $1,250.",
        "",
        "Two cars cost $2,500.",
        "one car 1250, two cars 2500 dollars",
        "1250 2 2500",
        "",
        "1",
    ),
    Case(
        "A car costs $23,499.99.",
        "",
        "With tax it is $25,000.50.",
        "price $23499.99, with tax $25000.5",
        "23499.99 25000.50",
    ),
    Case("A car costs $23,499.99.", "", "With tax it is $25,000.50.", "price $23,500", "", "25000.5", "23500"),
    Case("The town has 1,234,567 people.", "", "Half would be 617,283.5.", "1234567 people", "1234567", "617283.5"),
    Case("A pen costs $3.50.", "", "4 pens: 4 * 3.50 = 14.00.", "4 pens = $14", "4 14"),
    Case("A pen costs $3.5.", "", "4 pens cost $14.", "A pen is $3.50; 4 pens are $14.00.", "3.5 4 14"),
    Case("A pen costs $3.50.", "", "4 pens cost $14.", "A pen costs $3.05; 4 pens cost $14.", "4 14", "", "3.05"),
    Case("Gum costs $.75 a pack.", "", "3 packs are $2.25", "0.75 each, 3 packs, 2.25 in all", "0.75 3 2.25"),
    Case("Gum costs $.75 a pack.", "", ".75 * 3 = 2.25", "total 2.25.", "2.25", "3"),
    Case("Rent is €900 and food £45.", "", "900 + 45 = 945", "€900 and £45, sum 945", "900 45 945"),
    Case("Sam has $20.", "", "He spends $6.75 and has $13.25 left.", "Sam has $13.25", "13.25", "6.75"),
    Case("Sam has $20.", "", "He spends $6.75 and has $13.25 left.", "Sam has $13.52", "", "6.75 13.25", "13.52"),
    Case("Sam earns $9.00/hr.", "", "In 8hrs he earns $72.", "$9/hr for 8hrs = $72", "9 8 72"),
    Case("Pi is about 3.14159.", "", "3.14159 * 2 = 6.28318", "2 pi = 6.28318", "2 6.28318"),
    # percentages
    Case(FILE, "", "40% of 200 GB is 80 GB.", "80 GB were downloaded before the restart (40%)", "80 40"),
    Case(FILE, "", "0.4 * 200 = 80 GB.", "She had 80 GB at 40%", "80 40"),
    Case(FILE, "", "40% of 200 = 80", "0.4 of the file = 80 GB", "0.4 80"),
    Case(
        FILE,
        "80 GB before restart",
        "80 / 2 = 40 minutes, 200 / 2 = 100 minutes.",
        "40 min + 20 min + 100 min",
        "40 20 100",
        "80",
    ),
    Case(FILE, "80 GB before restart", "That took 80 / 2 = 40 minutes.", "took 45 minutes for 80 GB", "80", "", "45"),
    Case(GLASS, "", "The cheap glass costs 5 * 0.6 = $3.", "dear $5, cheap $3, each 8 times", "5 3", "", "8"),
    Case(
        GLASS, "", "The cheap glass costs 60% of 5 = $3. 16 / 2 = 8 of each.", "8 glasses at $5, 8 at $3", "8 5 3", "2"
    ),
    Case(
        GLASS,
        "8 glasses at $5, 8 at $3",
        "8 * 5 + 8 * 3 = 40 + 24 = 64",
        "He pays 40 + 24 = 64 dollars",
        "40 24 64",
        "8 3",
    ),
    Case(
        "Shoes at $80 are 25 percent off.",
        "",
        "25% of 80 = 20, price 60.",
        "discount 25 percent = $20; price $60",
        "25 20 60",
    ),
    Case("Shoes at $80 are 25 percent off.", "", "0.25 * 80 = 20", "25% off", "25", "20"),
    Case("Shoes at $80 are 25% off.", "", "The sale price is 75% of 80 = $60.", "price 0.75 * 80 = 60", "0.75 80 60"),
    Case("Shoes at $80 are 25% off.", "", "The sale price is 75% of 80 = $60.", "price 70% = $60", "60", "75", "70"),
    Case("Tax is 8.5%.", "", "On $200 it is 17.", "8.5% of 200 = $17", "8.5 200 17"),
    Case("Tax is 8.5%.", "", "0.085 * 200 = 17.", "Tax 17", "17", "200"),
    Case("A 12 % tip on $50.", "", "12\\% of 50 is \\$6.", "tip = \\$6", "6"),
    Case("Half of the 30 kids swim.", "", "15 kids swim.", "50% of 30 kids = 15", "50 30 15"),
    # fractions and mixed numbers
    Case("Tim ate 3/4 of a pie.", "", "1 - 3/4 = 1/4 is left.", "1/4 left, ate 0.75", "1/4 3/4", "1"),
    Case("Tim ate 3/4 of a pie.", "", "So ¼ is left.", "1/4 left", "1/4"),
    Case("Tim ate 3/4 of 8 slices.", "", "3/4 * 8 = 6 slices", "ate 6, left 2", "6", "", "2"),
    Case("Tim ate ½ of a pie.", "", "Ann ate 1/3. Together 5/6.", "ate 5/6, left 1/6", "5/6", "1/3", "1/6"),
    Case(FLOUR, "", "2.5 * 6 = 15 cups", "6 cakes need 15 cups", "6 15"),
    Case(FLOUR, "", "6 x 2 1/2 = 15", "15 cups (2½ each)", "15 2.5"),
    Case(FLOUR, "", "6 x 2½ = 15", "2.5 cups each, 14 cups", "2.5", "15", "14"),
    Case("A rope of 7 1/4 m.", "", "Cut off 1 1/2 m, 5 3/4 m are left.", "5.75 m left", "5.75", "1.5"),
    Case(
        "A rope of 7 1/4 m.",
        "",
        "Cut off 1 1/2 m, 5 3/4 m are left.",
        "5 3/4 m left of 7.25 m; cut 1.5",
        "5.75 7.25 1.5",
    ),
    Case("There are 60 kids; two thirds are boys.", "", "2/3 * 60 = 40 boys", "boys = 40, girls 1/3", "40", "", "1/3"),
    Case("There are 60 kids; two thirds are boys.", "", "2/3 * 60 = 40 boys", "2/3 are boys = 40", "2/3 40"),
    Case("A quarter of 60 kids sing.", "", "60 / 4 = 15", "1/4 of 60 = 15", "1/4 60 15", "4"),
    Case("Half a tank is 20 litres.", "", "A full tank is 40 litres.", "0.5 tank = 20, full = 40", "0.5 20 40"),
    Case("There are 80 kids.", "", "20 are ill: 20/80 = 0.25.", "20 ill of 80", "20 80", "0.25"),
    # negatives, ranges, subtraction
    Case("It was -3 degrees.", "", "It fell 5 degrees to −8.", "now -8 degrees", "-8", "5"),
    Case("It was −3 degrees.", "", "It rose to 4.", "from -3 to 4", "-3 4"),
    Case("It was -3 degrees.", "", "It rose 7 to 4.", "from -3 to -4", "-3", "7 4", "-4"),
    Case("Solve for x.", "", "x = (-3) + 5 = 2", "x = 2", "2", "-3 5"),
    Case("The shop lost money.", "", "100 - 130 = -$30", "result = -30 dollars", "-30", "100 130"),
    Case(
        "Read pages 3-4 and 10–12.", "", "That is 2 + 3 = 5 pages.", "pages 3, 4, 10, 12: 5 pages", "3 4 10 12 5", "2"
    ),
    Case("There are 9 birds.", "", "9 - 3 = 6", "6 birds left (9-3)", "6 9 3"),
    Case("There are 9 birds.", "", "9-3=6", "6 birds left", "6", "3"),
    # list markers and steps
    Case(CLIPS, "", "1. April is 48.\n2. May is 48 / 2 = 24.", "1. April = 48\n2. May = 24\n3. add", "48 24", "2"),
    Case(CLIPS, "", "Step 1: April is 48.\nStep 2: May is 24.", "1) April = 48\n2) May = 24", "48 24"),
    Case(CLIPS, "", "**Step 3:** 48 + 24 = 72", "- 72 clips\n> 1. write the answer", "72", "24"),
    Case(CLIPS, "1. May = 24", "5. The sum is 72.", "(1) May = 24\n(2) sum = 72", "24 72"),
    Case(CLIPS, "", "### Step 2\nMay = 24.", "* 1. May = 24\n> Step 3: add 48", "24 48"),
    Case("Mia walks 3 km.", "", "1. She walks 3 km.\n2. In a week 21 km.", "3 km a day\n21 km a week", "3 21"),
    Case("Mia walks 3 km.", "", "12 walks make 36 km.", "12 walks\n36 km", "12 36"),
    Case(
        "Mia walks 3 km.", "1.5 hours a walk", "2 walks take 3 hours.", "1.5 hours a walk\n2 walks: 3 hours", "1.5 2 3"
    ),
    Case(
        "Mia walks 3 km.", "1.5 hours a walk", "In step 1 we found 1.5 hours.", "a walk takes 1.5 h, see step 1", "1.5"
    ),
    # years, times, ordinals, units
    Case("Ali was born in 1987.", "", "In 2020 he was 2020 - 1987 = 33.", "age in 2020 = 33", "2020 33"),
    Case("Ali was born in 1987.", "", "In 2020 he was 33.", "age in 2021 = 33", "33", "2020", "2021"),
    Case("The train leaves at 7:30.", "", "It arrives 45 minutes later, at 8:15.", "arrives at 8:15", "8 15", "45"),
    Case("The train leaves at 7:30.", "", "It arrives at 8:15.", "leaves 7:30, arrives 8:45", "7 30 8", "15", "45"),
    Case("Work starts at 9:00 am.", "", "It ends at 5 pm, after 8 hours.", "9 am to 5:00 pm, 8 hours", "9 5 8"),
    Case("Eva is the 3rd of 12 kids.", "", "9 kids are behind her.", "3rd place, 9 behind", "3 9"),
    Case("A bag weighs 5kg.", "", "4 bags: 20kg.", "4 bags weigh 20 kg", "4 20"),
    Case("A bag weighs 5kg.", "", "4 bags: 20kg = 20000g.", "20,000 g", "20000", "4 20"),
    Case("A car does 60mph.", "", "In 2.5h it goes 150mi.", "150mi in 2.5h at 60mph", "150 2.5 60"),
    Case("A board is 12ft long.", "", "It is 3x as long as the other: 4ft.", "other board 4ft", "4", "3"),
    Case("A board is 12ft long.", "", "It is 3x as long as the other: 4ft.", "3x longer, 6ft", "3", "4", "6"),
    Case("The ratio is 3:5 and there are 40 kids.", "", "3 + 5 = 8; 40 / 8 = 5", "ratio 3:5, 8 parts of 5", "3 5 8"),
    # LaTeX and markup
    Case("Bo buys a bike.", "", r"The bike costs \$1{,}250.", r"bike = $1,250", "1250"),
    Case("Bo buys a bike.", "", r"\( 1250 \div 5 = 250 \)", "250 a month for five months", "250 5", "1250"),
    Case("Bo has 8 slices.", "", r"\frac{3}{4} \times 8 = 6", "3/4 of 8 = 6", "3/4 8 6"),
    Case("Bo has 8 slices.", "", r"\frac{3}{4} \times 8 = \boxed{6}", "6 slices", "6", "3/4"),
    Case("Bo has 8 slices.", "", "**6** slices are left", "left: **6**, eaten: **2**", "6", "", "2"),
    Case("Bo has 8 slices.", "", r"20\% of 50 is $10$", r"\(10\) is 20%", "10 20", "50"),
    # several steps back
    Case(SHEEP, "", "Charleston has 4 * 20 = 80 sheep.", "Seattle 20, Charleston 80", "20 80"),
    Case(SHEEP, "Seattle 20, Charleston 80", "Toulouse has 2 * 80 = 160.", "20, 80 and 160 sheep", "20 80 160"),
    Case(SHEEP, "20, 80 and 160 sheep", "20 + 80 + 160 = 260", "total = 260 sheep", "260", "80 160"),
    Case(SHEEP, "20, 80 and 160 sheep", "20 + 80 + 160 = 260", "total = 280 sheep", "", "80 160 260", "280"),
    Case(PASTRIES, "", "3 * $68 = $204", "donuts = $204\n> 2 * 80", "204 2 80"),
    Case(PASTRIES, "donuts = $204", "2 * $80 = $160", "donuts = $204\ncupcakes = $160", "204 160"),
    Case(PASTRIES, "donuts = $204\ncupcakes = $160", "6 * $55 = $330", "204 + 160 + 330", "204 160 330"),
    Case(
        PASTRIES,
        "donuts = $204\ncupcakes = $160",
        "6 * $55 = $330",
        "donuts 204, cheesecakes 330, sum 694",
        "204 330",
        "160",
        "694",
    ),
    Case(PASTRIES, "", "3 dozen is 36 donuts.", "36 donuts, 12 in a dozen", "36 12"),
    Case(
        "Kai runs 5 miles, 4 days a week.",
        "",
        "20 miles a week, 80 in 4 weeks.",
        "20 miles a week\n> 20 * 52",
        "20",
        "80",
        "52",
    ),
    Case(
        "Kai runs 5 miles, 4 days a week.",
        "20 miles a week",
        "1040 miles a year.",
        "1,040 miles in a year of 52 weeks",
        "1040",
        "20",
        "52",
    ),
    # slips a small model makes
    Case(
        "Leo reads 14 pages a day.",
        "98 pages a week",
        "14 * 30 = 420 pages a month.",
        "89 pages a week, 420 a month",
        "420",
        "98 30",
        "89",
    ),
    Case(
        "Leo reads 14 pages a day.",
        "98 pages a week",
        "14 * 30 = 420 a month.",
        "980 pages, 4200 a month",
        "",
        "98 30 420",
        "980 4200",
    ),
    Case("Tea is $4.20, cake $3.80.", "", "Together $8.", "Tea $4.02, cake $3.08, sum $8", "8", "", "4.02 3.08"),
    Case("Tea is $4.20, cake $3.80.", "", "Together $8.", "3 people pay $8, $2.67 each", "8", "", "3 2.67"),
    Case(
        "A farm has 250 hens; 30% are brown.", "", "0.3 * 250 = 75 brown hens.", "75 brown, 175 white", "75", "", "175"
    ),
    Case(
        "A farm has 250 hens; 30% are brown.",
        "75 brown",
        "250 - 75 = 175 white",
        "80 brown hens, 170 white hens",
        "",
        "75 175",
        "80 170",
    ),
    Case(
        "A farm has 250 hens; 30% are brown.",
        "75 brown",
        "250 - 75 = 175 white",
        "3% brown = 75, 175 white",
        "75 175",
        "",
        "3",
    ),
    Case(
        "Sue is 12, Ben twice as old.",
        "Ben = 24",
        "In 5 years Ben is 29.",
        "Ben will be 29 in 6 years, Sue 18",
        "29",
        "24 5",
        "6 18",
    ),
    Case("A wall is 6 m by 2 1/2 m.", "", "6 * 2.5 = 15 square metres.", "area 15, 3 1/2 m high", "15", "", "3.5"),
    Case("A wall is 6 m by 2 1/2 m.", "", "6 * 2.5 = 15", "area = 15, cost = $45 at $3", "15", "", "45 3"),
    Case("Lin saves $35 a week.", "", "4 weeks: $140.", "five weeks: $175", "", "4 140", "5 175"),
    Case("Lin saves $35 a week.", "goal $500", "4 weeks: $140.", "goal $5,000, saved $140", "140", "500 4", "5000"),
    Case(
        "A tank holds 1,800 litres.",
        "",
        "It is 2/3 full: 1,200 litres.",
        "3/4 full, 1,200 of 1,800 l",
        "1200 1800",
        "2/3",
        "3/4",
    ),
    Case(
        "A tank holds 1,800 litres.",
        "",
        "It is 2/3 full: 1,200 litres.",
        "2/3 full; 600 l missing; 10 l a minute",
        "2/3",
        "1200",
        "600 10",
    ),
    Case("The lift goes from 9 to −2.", "", "That is 11 floors.", "from 9 to 2, eleven floors", "9 11", "", "2"),
    Case("Max runs 400 m in 80 seconds.", "", "400 / 80 = 5 m a second.", "5 m/s = 18 km/h", "5", "", "18"),
    # hard: scales, large number words, cents, conversions
    Case("A town has 1.25 thousand people.", "", "Half are men: 625.", "1250 people, 625 men", "1250 625"),
    Case("There are twenty-five kids.", "", "Ten are boys, so 15 are girls.", "25 kids, 10 boys, 15 girls", "25 10 15"),
    Case("A stamp costs 50 cents.", "", "4 stamps cost 200 cents.", "stamp $0.50, 4 cost $2", "4", "200", "0.5 2"),
    Case("There are five hundred seats.", "", "Half are taken: 250.", "250 taken of five hundred", "250 500"),
    Case("A film lasts 90 minutes.", "", "Two films last 180 minutes.", "2 films last 3 hours", "2", "180", "3"),
)
