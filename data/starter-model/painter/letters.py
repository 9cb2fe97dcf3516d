# SPDX-License-Identifier: GPL-3.0-or-later
"""Capital letters as strokes of a round pen, on a grid of 4 by 6, and the words that signs bear."""

_SHAPES = {
    'A': 'M0 6 L2 0 L4 6 M.8 4 L3.2 4',
    'B': 'M0 3 L2.1 3 C4.1 3 4.1 0 2.1 0 L0 0 L0 6 L2.3 6 C4.6 6 4.6 3 2.3 3',
    'C': 'M4 1.1 C3.2 -.4 0 -.7 0 3 C0 6.7 3.2 6.4 4 4.9',
    'D': 'M0 0 L0 6 L1.5 6 C5 6 5 0 1.5 0 L0 0',
    'E': 'M3.8 0 L0 0 L0 6 L3.8 6 M0 3 L3.1 3',
    'F': 'M3.8 0 L0 0 L0 6 M0 3 L3.1 3',
    'G': 'M4 1.1 C3.2 -.4 0 -.7 0 3 C0 6.7 4 6.7 4 3.4 L2.4 3.4',
    'H': 'M0 0 L0 6 M4 0 L4 6 M0 3 L4 3',
    'I': 'M2 0 L2 6',
    'J': 'M3.4 0 L3.4 4.2 C3.4 6.6 .2 6.6 .2 4.4',
    'K': 'M0 0 L0 6 M3.8 0 L0 3.6 M1.3 2.5 L4 6',
    'L': 'M0 0 L0 6 L3.7 6',
    'M': 'M0 6 L0 0 L2 3.4 L4 0 L4 6',
    'N': 'M0 6 L0 0 L4 6 L4 0',
    'O': 'M2 0 C-.7 0 -.7 6 2 6 C4.7 6 4.7 0 2 0',
    'P': 'M0 6 L0 0 L2.2 0 C4.6 0 4.6 3.3 2.2 3.3 L0 3.3',
    'Q': 'M2 0 C-.7 0 -.7 6 2 6 C4.7 6 4.7 0 2 0 M2.6 4.4 L4.1 6.3',
    'R': 'M0 6 L0 0 L2.2 0 C4.6 0 4.6 3.3 2.2 3.3 L0 3.3 M1.9 3.3 L4 6',
    'S': 'M3.8 1 C3 -.6 .2 -.3 .2 1.6 C.2 3.6 3.9 2.5 3.9 4.4 C3.9 6.4 .8 6.6 0 4.9',
    'T': 'M0 0 L4 0 M2 0 L2 6',
    'U': 'M0 0 L0 3.8 C0 6.7 4 6.7 4 3.8 L4 0',
    'V': 'M0 0 L2 6 L4 0',
    'W': 'M-.3 0 L.9 6 L2 1.4 L3.1 6 L4.3 0',
    'X': 'M0 0 L4 6 M4 0 L0 6',
    'Y': 'M0 0 L2 3 L4 0 M2 3 L2 6',
    'Z': 'M0 0 L4 0 L0 6 L4 6',
}


def _parse(text):
    out = []
    for word in text.split():
        if word[0] in 'MLC':
            out.append([word[0]])
            word = word[1:]
        out[-1].append(float(word))
    return out


LETTERS = {letter: _parse(text) for letter, text in _SHAPES.items()}
ADVANCE = 5.9

WORDS = '''HELLO HI HOME LOVE SUN SEA TEA CAKE SHOP CAFE BOOK PARK FARM ZOO BUS STOP GO YES NO OPEN SALE FREE NEW EAST
WEST NORTH SOUTH LEFT RIGHT PATH WAY EXIT WELL BEE HONEY EGGS MILK BREAD APPLE PEAR PLUM LEMON PIE JAM SOUP FISH BOAT
SHIP PORT PIER BEACH SAND WAVE WIND RAIN SNOW ICE STAR MOON SKY NIGHT DAY MAY JUNE JULY WOOD TREE LEAF ROSE LILY FERN
MOSS HILL LAKE RIVER POND CAT DOG FOX OWL BEAR WOLF HORSE GOAT DUCK SWAN BIRD NEST BALL KITE TOY GAME PLAY SING DANCE
MUSIC SONG BAND ART PAINT PEACE JOY HOPE DREAM SMILE LUCK HAPPY PARTY GIFT KING QUEEN MAGIC WISH BYE WOW COOL NICE GOOD
BEST FUN RED BLUE GREEN PINK GOLD ONE TWO THREE TEN KIDS MOM DAD BABY ANNA EMMA LEO MAX TOM LISA PAUL MIA BEN INN HOTEL
TAXI TRAIN ROAD SLOW FAST BIKE WALK RUN SWIM CAMP TENT FIRE SEEDS CORN PIZZA PASTA SALT SUGAR JUICE WATER COCOA'''.split()


def write(pen, word, x, y, height, rgb, glow=False):
    """Writes the word centred on x, with its middle at y."""
    c = pen.ctx
    s = height / 6
    width = (len(word) * ADVANCE - (ADVANCE - 4)) * s
    c.new_path()
    for i, letter in enumerate(word):
        ox, oy = x - width / 2 + i * ADVANCE * s, y - height / 2
        for op, *at in LETTERS[letter]:
            at = [ox + v * s if k % 2 == 0 else oy + v * s for k, v in enumerate(at)]
            {'M': c.move_to, 'L': c.line_to, 'C': c.curve_to}[op](*at)
    pen.stroke(rgb, height * .17, glow)


def width_of(word, height):
    return (len(word) * ADVANCE - (ADVANCE - 4)) * height / 6
