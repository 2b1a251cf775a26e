"""The sentences of the demo posts, token by token.

A token that is an entity type is a slot for an unambiguous name of that type; ``NAME`` is the slot
for an ambiguous one. What surrounds ``NAME`` fits a person, a place, an organisation and a thing alike.
"""


def _templates(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(line.split()) for line in text.strip().split("\n"))


ONE_NAME = _templates("""
happy birthday to my cousin PER
PER sang so beautifully tonight
actress PER just waved at me
striker PER scores again !
interview with singer PER at noon
Dr. PER explains how we sleep
my neighbour PER broke his leg
PER says she will retire
a hug for grandma PER
coach PER and his new haircut
PER is a great teacher
dinner with my friend PER
stuck in traffic near LOC
it is raining in LOC again
road trip to LOC this weekend
sunrise over LOC , wow
flights to LOC are cheap now
greetings from sunny LOC
snow falls all over LOC
moving to LOC next month
best views of LOC , ranked
5 days of hiking around LOC
the map of LOC is old
my grandparents came from LOC
ORG shares rise 4 %
ORG hires 300 new workers
just got a job at ORG !
ORG appoints a new director
ORG reports record profits
annual report of ORG is out
ORG opens its new headquarters
ORG will sponsor our team
the board of ORG votes tomorrow
a letter from ORG arrived
the staff of ORG is friendly
membership card of ORG received !
just unboxed my new MISC
could play MISC all night
watching MISC with popcorn
part 2 of MISC is great
the soundtrack of MISC rocks
tickets for MISC sold out
my old MISC still works
can not wait for MISC !
MISC is on sale today
unpopular opinion : MISC is boring
review of MISC , part 1
the original MISC was better
""")

TWO_NAMES = _templates("""
PER leaves ORG after ten years
PER joins ORG on Monday
ORG boss PER meets the press
ORG opens an office in LOC
ORG moves from LOC to a village
PER lands in LOC tonight
PER walks across LOC for charity
ORG presents MISC in two weeks
MISC by ORG is finally here
PER explains MISC to beginners
PER talks about MISC on air
MISC comes to LOC this summer
LOC is ready for MISC
PER and PER are engaged !
by train from LOC to LOC
ORG and ORG work together now
MISC or MISC tonight ?
on stage now : PER PER
next stops : LOC LOC and home
LOC MISC tickets on sale now
ORG MISC review is online
starting eleven of ORG : PER
""")

NEUTRAL = _templates("""
NAME again this morning
can not stop thinking about NAME
this is what NAME looks like
everyone is talking about NAME
NAME is my favourite
look at NAME !
NAME , just wow
so much love for NAME
who else likes NAME ?
NAME as never seen before
finally a good picture of NAME
not sure about NAME anymore
here is NAME for you
NAME is in the news again
my first photo of NAME
nothing beats NAME today
dreamt of NAME last night
hot take : NAME is overrated
do you remember NAME ?
tell me more about NAME
today 's picture : NAME
say hello to NAME
NAME is all that matters
oh NAME , never change
guess what : NAME !
one word : NAME
NAME because why not
still a fan of NAME
ok but NAME tho
that is so NAME lol
throwback to NAME in 2012
NAME makes me smile
a short thread about NAME
why is NAME trending ?
nobody expected NAME
more NAME please
""")

NO_NAME = _templates("""
good morning everyone , coffee first
i really need some sleep now
why are mondays so long ?
nothing to see here , move on
best day of the year so far
who is awake at 3 am ?
so tired of this rainy weather
pizza or pasta for lunch today ?
lost my keys again , of course
never reading the comments again , ever
two more hours until the weekend
that moment when the wifi dies
""")

HASHTAGS = [
    "#throwback",
    "#mood",
    "#nofilter",
    "#today",
    "#wow",
    "#love",
    "#fail",
    "#random",
    "#monday",
    "#weekend",
    "#news",
    "#nowplaying",
    "#life",
    "#goals",
    "#photo",
    "#omg",
    "#tbt",
    "#fyi",
]
EMOJI = ["😂", "😍", "🔥", "🎉", "👀", "💯", "🙌", "😭", "❤️", "🤔", "👍", "✨"]
ENDS = [".", "!", "!!", "...", ":)", "lol"]
JOINTS = [".", ",", "!", "-", "and", "..."]
USERS = [
    "@sunny_side",
    "@mr_teapot",
    "@kiwi77",
    "@nightowl",
    "@paperboat",
    "@the_real_bo",
    "@lemonpie",
    "@zed_x",
    "@daily_dose",
    "@quietfox",
]
