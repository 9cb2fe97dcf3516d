# SPDX-License-Identifier: GPL-3.0-or-later
"""What one could say about a scene: one of very many sentences, all of them true."""

NOUNS = {
    'house': (('house', 'houses'), ('house', 'houses'), ('cottage', 'cottages'), ('home', 'homes')),
    'tree': (('tree', 'trees'),), 'fir': (('fir tree', 'fir trees'), ('pine tree', 'pine trees'), ('fir', 'firs')),
    'flower': (('flower', 'flowers'), ('flower', 'flowers'), ('blossom', 'blossoms')), 'mushroom': (('mushroom', 'mushrooms'), ('mushroom', 'mushrooms'), ('toadstool', 'toadstools')),
    'cat': (('cat', 'cats'), ('cat', 'cats'), ('kitten', 'kittens')), 'rabbit': (('rabbit', 'rabbits'), ('bunny', 'bunnies')),
    'sheep': (('sheep', 'sheep'), ('sheep', 'sheep'), ('lamb', 'lambs')), 'bird': (('bird', 'birds'),),
    'girl': (('girl', 'girls'), ('girl', 'girls'), ('woman', 'women')), 'boy': (('boy', 'boys'), ('boy', 'boys'), ('man', 'men')),
    'snowman': (('snowman', 'snowmen'),), 'boat': (('boat', 'boats'), ('sailboat', 'sailboats'), ('ship', 'ships'), ('sailing boat', 'sailing boats')),
    'balloon': (('balloon', 'balloons'), ('hot air balloon', 'hot air balloons')), 'sign': (('sign', 'signs'),),
}
WORN = {'girl': ('dress', 'dress', 'skirt'), 'boy': ('shirt', 'shirt', 'sweater'), 'snowman': ('scarf',)}
IDLE = ('little', 'cute', 'beautiful', 'pretty', 'small', 'lovely', 'nice')
NUMBERS = {2: ('two', 'two', '2', 'a pair of'), 3: ('three', 'three', '3')}
PLACE = {
    'left': ('on the left', 'on the left', 'on the left side', 'to the left', 'at the left'), 'right': ('on the right', 'on the right', 'on the right side', 'to the right', 'at the right'),
    'middle': ('in the middle', 'in the middle', 'in the center', 'in the centre'),
}
TIME = {
    'day': ('by day', 'during the day', 'in daylight', 'on a bright day', 'under a blue sky'), 'sunset': ('at sunset', 'at sunset', 'in the evening', 'at dusk', 'under an orange sky'),
    'night': ('at night', 'at night', 'in the night', 'by night', 'under a dark sky'),
}
SEASON = {
    'summer': ('in summer', 'on a summer day', 'in the summer'), 'spring': ('in spring', 'in the spring', 'on a spring day'),
    'autumn': ('in autumn', 'in the fall', 'on an autumn day', 'in autumn'), 'winter': ('in winter', 'in winter', 'in the snow', 'on a winter day', 'with snow on the ground'),
}
WEATHER = {
    'rain': ('in the rain', 'in the rain', 'on a rainy day', 'while it rains', 'with rain'), 'snow': ('in falling snow', 'while it snows', 'with snowflakes', 'while snow falls', 'in a snowfall'),
    'cloudy': ('under a grey sky', 'under a cloudy sky', 'on a cloudy day', 'in grey weather'), 'clear': ('under a clear sky', 'in clear weather'),
}
LAND = {
    'meadow': ('in a meadow', 'on the grass', 'in a field', 'on a meadow'), 'hills': ('in the hills', 'with hills in the background', 'with hills behind', 'in front of hills'),
    'mountains': ('in the mountains', 'with mountains in the background', 'with mountains behind', 'in front of mountains'),
    'sea': ('by the sea', 'at the sea', 'on the beach', 'at the beach', 'with the sea', 'by the ocean'),
}
STYLE = {
    'book': ('a picture book illustration of', 'a storybook picture of', 'a children\'s book illustration of'),
    'paper': ('a paper cutout of', 'cut paper art of', 'a paper collage of'), 'ink': ('an ink drawing of', 'a pen and ink drawing of', 'a line drawing of'),
}
STYLE_AFTER = {
    'book': ('picture book style', 'storybook illustration', 'picture book'), 'paper': ('paper cutout', 'cut paper', 'paper collage', 'paper cutout style'), 'ink': ('ink drawing', 'line drawing', 'pen and ink'),
}
CLOUDS = {1: ('a cloud', 'one cloud', 'a single cloud'), 2: ('two clouds', '2 clouds'), 3: ('three clouds', '3 clouds')}
OPENINGS = ('', '', '', '', '', '', 'a picture of', 'there is', 'a scene with', 'an image of')
UNUSUAL = {'time': 'day', 'season': 'summer', 'weather': 'clear', 'land': 'meadow'}


def _article(text):
    return ('an ' if text[0] in 'aeiou' else 'a ') + text


def _sign(g, rnd):
    word = g.word if rnd.random() < .5 else g.word.lower()
    quoted = rnd.choice(('"{}"', '"{}"', '{}', "'{}'")).format(word)
    board = f'{g.colour} sign' if g.named else rnd.choice(('sign', 'sign', 'wooden sign')) if g.colour == 'brown' else 'sign'
    return _article(board) + ' ' + rnd.choice(('that says', 'that says', 'saying', 'with the word', 'that reads', 'reading')) + ' ' + quoted


def phrase(g, rnd, plain=False):
    """A group as a noun with its number and colour."""
    if g.kind == 'sign':
        return _sign(g, rnd)
    one, many = rnd.choice(NOUNS[g.kind])
    idle = rnd.choice(IDLE) + ' ' if rnd.random() < .07 and not plain else ''
    noun = one if g.count == 1 else many
    after = ''
    if g.named and g.kind in WORN:
        worn = rnd.choice(WORN[g.kind])
        after = rnd.choice((' in ', ' with ', ' wearing ')) + _article(f'{g.colour} {worn}') if g.count == 1 else f' with {g.colour} ' + {'dress': 'dresses', 'scarf': 'scarves'}.get(worn, worn + 's')
        if g.kind == 'snowman' and g.count == 1:
            after = ' with ' + _article(f'{g.colour} scarf')
    elif g.named:
        noun = f'{g.colour} {noun}'
    noun = idle + noun
    if g.count == 1:
        return (_article(noun) if rnd.random() < .93 else 'one ' + noun) + after
    return rnd.choice(NUMBERS[g.count]) + ' ' + noun + after


def _relation(s, rnd):
    a, b = phrase(s.groups[0], rnd), phrase(s.groups[1], rnd)
    if s.relation == 'on':
        return rnd.choice((f'{a} on {b}', f'{a} on top of {b}', f'{a} sitting on {b}'))
    if s.relation == 'front':
        return rnd.choice((f'{a} in front of {b}', f'{a} in front of {b}', f'{b} behind {a}'))
    if s.relation == 'above':
        verb = ' flying' if s.groups[0].kind == 'bird' and rnd.random() < .5 else ''
        return rnd.choice((f'{a}{verb} above {b}', f'{a}{verb} above {b}', f'{a}{verb} over {b}', f'{b} under {a}', f'{b} below {a}'))
    left, right = sorted(range(2), key=lambda i: ('left', 'middle', 'right').index(s.groups[i].place))
    left, right = (a, b)[left], (a, b)[right]
    return rnd.choice((f'{left} to the left of {right}', f'{left} left of {right}', f'{right} to the right of {left}', f'{right} right of {left}', f'{a} next to {b}', f'{a} beside {b}', f'{a} and {b}'))


def _subjects(s, rnd):
    if s.relation in ('on', 'front', 'above', 'beside'):
        text = _relation(s, rnd)
        if s.relation != 'beside' and s.groups[1].place and rnd.random() < .35:
            text += ' ' + rnd.choice(PLACE[s.groups[1].place])
        return text
    out = []
    for g in s.groups:
        text = phrase(g, rnd)
        if s.relation == 'hill':
            text += ' on a hill' if rnd.random() < .9 else ' on top of a hill'
        if g.place and rnd.random() < .8:
            text += ' ' + rnd.choice(PLACE[g.place])
        out.append(text)
    return out[0] if len(out) == 1 else ', '.join(out[:-1]) + (' and ' if rnd.random() < .7 else ', ') + out[-1]


def _around(s, rnd, telling):
    out = []
    for name, table in (('land', LAND), ('time', TIME), ('season', SEASON), ('weather', WEATHER)):
        value = getattr(s, name)
        if value == 'winter' and s.weather == 'snow' and rnd.random() < .6:
            continue
        if rnd.random() < (.93 if value != UNUSUAL[name] else .2) * telling:
            out.append(rnd.choice(table[value]))
    with_ = []
    if s.light and rnd.random() < .85 * telling:
        light = 'moon' if s.time == 'night' else 'sun'
        with_.append(rnd.choice((f'the {light}', f'a {light}')) + (' ' + rnd.choice(PLACE[s.light]) if rnd.random() < .55 else ''))
    if s.stars and rnd.random() < .7 * telling:
        with_.append('stars')
    if s.rainbow and rnd.random() < .97:
        with_.append('a rainbow')
    if s.clouds and s.weather != 'cloudy' and rnd.random() < .75 * telling:
        with_.append(rnd.choice(CLOUDS[s.clouds]) if rnd.random() < .75 else 'clouds' if s.clouds > 1 else 'a cloud')
    if with_:
        rnd.shuffle(with_)
        out.append('with ' + ' and '.join(with_) + (' in the sky' if rnd.random() < .15 else ''))
    rnd.shuffle(out)
    return out


def caption(s, rnd):
    """A sentence about the scene, by the dice of rnd."""
    telling = rnd.choices((1, .5), (85, 15))[0]
    subjects, around = _subjects(s, rnd), _around(s, rnd, telling)
    dice = rnd.random()
    told = s.style != 'book' or rnd.random() < .3
    opening = rnd.choice(STYLE[s.style]) if told and dice < .5 else rnd.choice(OPENINGS)
    if around and not opening and around[0].startswith(('at ', 'in ', 'by ', 'on ', 'under ', 'while ')) and rnd.random() < .15:
        text = around.pop(0) + ', ' + subjects
    else:
        text = (opening + ' ' + subjects).strip()
    for part in around:
        text += rnd.choice((' ', ' ', ', ')) + part
    if told and dice >= .5:
        text += ', ' + rnd.choice(STYLE_AFTER[s.style])
    return text + ('.' if rnd.random() < .1 else '')
