"""The names of the demo posts: names that determine their type, and names that leave it open."""

ENTITY_TYPES = ("PER", "LOC", "ORG", "MISC")


def _names(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(name.split()) for name in text.replace("\n", ",").split(",") if name.strip())


UNAMBIGUOUS: dict[str, tuple[tuple[str, ...], ...]] = {
    "PER": _names(
        """Anna Kowalska, Ben Okafor, Carla Mendes, David Lindqvist, Elif Yilmaz, Farid Rahimi, Greta Hansen
        Hiro Tanaka, Ines Moreau, Jonas Weber, Katya Petrova, Liam Gallacher, Mei Chen, Nadia Haddad
        Olu Adeyemi, Pavel Novak, Quentin Dubois, Rosa Jimenez, Samir Patel, Tereza Dvorak, Ulrich Brandt
        Vera Ivanova, Walter Schmitt, Yusuf Demir, Zoe Papadakis, Mary Jane Holloway, Juan Carlos Ortega
        Anne Marie Leclerc, Bjarne, Ottilie, Thandiwe, Kenji, Ludmila, Rashid, Siobhan, Matteo, Ingrid
        Kwame Boateng, Hannah Goldberg, Tomasz Zielinski, Priya Raman, Luca Bianchi, Freya Nilsson, Dmitri"""
    ),
    "LOC": _names(
        """Berlin, Prague, Norway, Kenya, Vienna, Lisbon, Dublin, Nairobi, Oslo, Danube, Rhine, Mekong, Alps
        Bavaria, Tuscany, Scotland, Portugal, Vietnam, Iceland, Peru, Sahara, Andes, Helsinki, Warsaw, Kyoto
        New Zealand, South Korea, Costa Rica, Sri Lanka, Hong Kong, Buenos Aires, Cape Town, New Delhi
        Lake Como, Mount Fuji, Black Forest, Great Barrier Reef, Rio de Janeiro, Isle of Skye, Tel Aviv
        Regensburg, Pilsen, Bratislava, Tallinn"""
    ),
    "ORG": _names(
        """Northwind, Globex, Initech, Contoso, Acmetron, Veridian, Brightsoft, Kronbank, Solaria, Datavance
        Medicore, Petrolux, Airlinea, Foodora, Textura, Lumenix, Railcorp, Agrinova, UNESCO, NATO, WHO, FIFA
        Harbour Bank, Summit Airlines, Delta Foods, Riverside United, Sporting Lund, Dynamo Brno, Union Graz
        Lakeside Rovers, Masaryk University, Uppsala University, Leiden University, Heidelberg University
        Blue Ocean Records, North Star Media, Greenfield Motors, Central Post Office, World Food Programme
        Doctors Without Borders, Amnesty International, Oak Street Partners, Atlantic Steel, Quantum Labs"""
    ),
    "MISC": _names(
        """PlayStation, Kindle, iPhone, Walkman, Gameboy, Photoshop, Minecraft, Tetris, Monopoly, Scrabble
        Eurovision, Oktoberfest, Wimbledon, Ramadan, Halloween, Christmas, Inception, Gladiator, Avatar
        Interstellar, Amadeus, Hamlet, Macbeth, Carmen, Nutella, Lego, Vespa, Polaroid, Thermomix, Ubuntu
        Super Mario, World Cup, Star Wars, Blade Runner, Rubik Cube, Swiss Army Knife, Tour de France
        Breaking Bad, Game Boy Advance, Winter Olympics, Comic Con, Magic Flute, Surface Pro, Beetle Cabrio"""
    ),
}
"""Names with a single type, by that type; no name is listed under two types."""

AMBIGUOUS: dict[tuple[str, ...], tuple[str, ...]] = {
    name: tuple(types.split())
    for types, names in {
        "PER LOC": "Sydney, Paris, Virginia, Florence",
        "PER ORG": "Ford, Disney, Wilson, Hugo Boss",
        "PER MISC": "Mercedes, Alexa, Oscar, Emma",
        "LOC ORG": "Amazon, Barcelona, Liverpool, San Jose",
        "LOC MISC": "Casablanca, Fargo, Santa Fe, Monte Carlo",
        "ORG MISC": "Jaguar, Galaxy, Tesla, Red Bull",
        "PER LOC ORG": "Washington, Chelsea",
        "PER LOC MISC": "Jordan, Austin",
        "PER ORG MISC": "Porsche, Louis Vuitton",
        "LOC ORG MISC": "Boston, Chicago",
        "PER LOC ORG MISC": "Phoenix, Lincoln",
    }.items()
    for name in _names(names)
}
"""Ambiguous names and the types each can have, arranged so that every type is equally frequent."""
