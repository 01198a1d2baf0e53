"""What the columns of people's sheets are called, and what they call what happened, in a few languages.

Words are in lower case without accents, as `bare_words` leaves them.
"""

from __future__ import annotations

import re
import unicodedata

from domain.vocabulary import IncidentType, Measure, ParticipantRole


def bare_words(text: str) -> tuple[str, ...]:
    """The words of a text in lower case, without accents; ``DateStart`` is two."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])", " ", text)
    letters = unicodedata.normalize("NFKD", parted).casefold()
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return tuple(re.findall(r"[^\W_]+", plain))


def _phrases(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(bare_words(each) for each in text.split("|"))


WHOLE = {
    "key": _phrases(
        "id|no|nr|nro|num|number|key|ref|reference number|event id|incident id|case|case no|case id|"
        "record id|row|serial|codigo|numero|nummer|lfd nr|clave|cle|numero de caso|номер|ид|uuid|code|"
        "case number|incident number|event number|entry|n"
    ),
    "type": _phrases(
        "type|event type|incident type|type of event|type of incident|type of attack|attack type|"
        "category|kind|tipo|tipo de evento|tipo de incidente|tipo de ataque|categoria|art|typ|ereignistyp|"
        "kategorie|ereignisart|type d evenement|categorie|genre|тип|тип события|тип поди|категория|"
        "sub event type"
    ),
    "title": _phrases(
        "title|headline|event title|event|incident|incident title|name of event|event name|what|"
        "what happened|titulo|titular|titre|titel|ueberschrift|uberschrift|was|was geschah|schlagzeile|"
        "titolo|que paso|evento|incidente|ereignis|evenement|vorfall|заголовок|что|событие|подія"
    ),
    "summary": _phrases(
        "summary|description|notes|note|details|detail|comment|comments|remarks|narrative|text|"
        "event description|incident description|descripcion|resumen|notas|observaciones|detalles|"
        "beschreibung|bemerkung|bemerkungen|notiz|notizen|zusammenfassung|anmerkungen|commentaire|"
        "commentaires|remarques|descricao|resumo|descrizione|note|riassunto|описание|опис|примечание"
    ),
    "status": _phrases(
        "status|verification|verified|verification status|estado|statut|stato|статус"
    ),
}
"""What a column is if this is all that it is called."""

IDS = _phrases("id|nr|nro|no|key|ref|uuid|num|number|numero|nummer|номер|ид")
"""What may end the name of a column that tells rows apart: ``claim_id``."""

PARTS = {
    "url": _phrases(
        "url|link|links|web|enlace|lien|href|hyperlink|ссылка|посилання|website|web address"
    ),
    "published": _phrases(
        "published|publication date|date published|date of publication|report date|date reported|"
        "date of report|reported on|fecha de publicacion|veroffentlicht|publie|date de publication|"
        "publicado|source date|дата публикации"
    ),
    "from": _phrases(
        "start date|date start|from|start|begin|beginning|date from|fecha inicio|fecha de inicio|desde|"
        "beginn|anfang|von|startdatum|debut|date de debut|data inicio|inicio|inizio|начало|початок"
    ),
    "to": _phrases(
        "end date|date end|to|end|date to|until|fecha fin|fecha de fin|hasta|ende|bis|enddatum|fin|"
        "date de fin|data fim|fim|fine|конец|кінець"
    ),
    "date": _phrases(
        "date|day|when|fecha|dia|datum|tag|wann|data|jour|quand|cuando|quando|дата|день|occurred|"
        "التاريخ|تاريخ"
    ),
    "latitude": _phrases(
        "latitude|lat|latitud|breite|breitengrad|latitudine|широта|y coord|coord y"
    ),
    "longitude": _phrases(
        "longitude|lon|long|lng|longitud|lange|langengrad|longitudine|долгота|довгота|x coord|coord x"
    ),
    "coordinates": _phrases(
        "coordinates|coordinate|coords|coord|lat lon|lat long|lat lng|gps|geo|coordenadas|koordinaten|"
        "coordonnees|coordinate|координаты|координати|geolocation"
    ),
    "country": _phrases(
        "country|nation|iso|iso 3|iso 2|iso3|pais|land|staat|pays|paese|страна|країна|البلد|بلد"
    ),
    "admin1": _phrases(
        "province|region|state|governorate|oblast|admin 1|adm 1|departamento|provincia|estado|region|"
        "bundesland|provinz|departement|regione|область|провинция|محافظة"
    ),
    "admin2": _phrases(
        "district|county|admin 2|adm 2|municipality|municipio|distrito|bezirk|kreis|landkreis|commune|"
        "raion|район"
    ),
    "place": _phrases(
        "place|location|where|city|town|village|settlement|locality|site|lugar|ubicacion|localidad|ciudad|"
        "donde|ort|stadt|dorf|wo|lieu|ville|endroit|ou|localite|local|cidade|onde|luogo|citta|dove|место|"
        "город|место события|місце|місто|المكان|مكان|مدينة|placename"
    ),
    "source": _phrases(
        "source|sources|source name|reported by|claimant|claimed by|according to|"
        "publisher|media|outlet|newspaper|fuente|fuentes|medio|"
        "quelle|quellen|quellenname|zeitung|medium|fonte|fonti|journal|источник|джерело|المصدر|مصدر"
    ),
}
"""What a column is if these words are among what it is called; the first that fits."""

ROLES = {
    ParticipantRole.INITIATOR: _phrases(
        "perpetrator|perpetrators|attacker|attackers|initiator|aggressor|responsible|suspect|assailant|"
        "perpetrador|autor|autores|atacante|responsable|tater|angreifer|auteur|auteurs|agresseur|"
        "agressor|autore|нападавший|виновник|агрессор|source actor"
    ),
    ParticipantRole.TARGET: _phrases(
        "target|targets|victim|victims|recipient|victima|victimas|objetivo|opfer|ziel|victime|victimes|"
        "cible|vitima|alvo|vittima|obiettivo|цель|жертва|жертвы"
    ),
    ParticipantRole.SIDE_A: _phrases("actor 1|side a|party a|party 1|actor a|akteur 1|acteur 1"),
    ParticipantRole.SIDE_B: _phrases("actor 2|side b|party b|party 2|actor b|akteur 2|acteur 2"),
    ParticipantRole.UNSPECIFIED: _phrases(
        "actor|actors|participants|participant|group|groups|who|parties|actores|grupo|quien|akteur|"
        "akteure|gruppe|wer|acteur|acteurs|groupe|qui|ator|atores|attore|attori|gruppo|актор|участники|"
        "учасники|кто|force|unit"
    ),
}
"""Columns of those who take part, by their part."""

MEASURES = {
    Measure.KILLED: _phrases(
        "killed|dead|deaths|death|fatalities|fatality|died|kia|fatal|muertos|muertes|fallecidos|tote|"
        "getotet|getotete|todesopfer|gefallene|morts|mort|deces|tues|tue|mortos|mortes|morti|uccisi|"
        "погибшие|погибло|убито|убитые|загиблі|загинуло|القتلى|قتلى"
    ),
    Measure.WOUNDED: _phrases(
        "wounded|injured|injuries|wia|hurt|heridos|lesionados|verletzte|verletzt|verwundete|blesses|"
        "blesse|feridos|feriti|раненые|ранено|поранені|поранено|جرحى|الجرحى"
    ),
    Measure.CASUALTIES: _phrases("casualties|bajas|victimes totales|verluste|pertes|потери|втрати"),
    Measure.CAPTURED: _phrases(
        "captured|pow|prisoners|capturados|gefangene|gefangengenommen|prisonniers"
    ),
    Measure.DETAINED: _phrases(
        "detained|arrested|arrests|detainees|detenidos|arrestados|verhaftet|verhaftete|festgenommen|"
        "festgenommene|arretes|arrestations|detidos|arrestati|арестованные|задержано|затримано"
    ),
    Measure.MISSING: _phrases(
        "missing|desaparecidos|vermisst|vermisste|disparus|dispersi|пропавшие"
    ),
    Measure.DISPLACED: _phrases(
        "displaced|displacement|idps|desplazados|vertriebene|vertrieben|deplaces|deslocados|sfollati"
    ),
}
"""Columns of counts, by what they count."""

LOW = _phrases("low|min|minimum|lower|least|at least|minimo|mindestens|mindest|минимум")
HIGH = _phrases("high|max|maximum|upper|most|at most|maximo|hochstens|hochst|максимум")

GROUPS = {
    "civilians": _phrases(
        "civilian|civilians|civiles|civil|zivilisten|civils|civis|civili|гражданские"
    ),
    "soldiers": _phrases(
        "soldier|soldiers|military|soldados|militares|soldaten|soldats|militaires"
    ),
    "fighters": _phrases("fighter|fighters|militants|combatants|combatientes|kampfer|combattants"),
    "police": _phrases("police|policia|polizei|polizisten|policiers"),
    "children": _phrases(
        "child|children|minors|ninos|menores|kinder|enfants|criancas|bambini|дети"
    ),
    "women": _phrases("women|female|mujeres|frauen|femmes|mulheres|donne|женщины"),
}
"""Of whom a count is."""

TYPES = {
    IncidentType.BOMBARDMENT: "bomb|shell|strike|explo|artiller|missile|rocket|drone|ied|mine|bombard|"
    "beschuss|luftangriff|ataque aereo|frappe|obus|granate|обстрел|взрыв|обстріл|вибух|suicide",
    IncidentType.RIOT: "riot|mob|disturbio|ausschreit|emeute|looting|saqueo",
    IncidentType.PROTEST: "protest|demonstra|manifest|rally|strike action|marcha|kundgebung|"
    "демонстрац|мітинг",
    IncidentType.DETENTION: "arrest|detain|detention|detenc|verhaft|festnahme|imprison|арест|задерж",
    IncidentType.VIOLENCE_AGAINST_CIVILIANS: "civilian|kidnap|abduct|massacre|execution|torture|sexual|"
    "secuestro|entfuhr|enlevement|hostage|massaker|masacre|похищ",
    IncidentType.FIGHTING: "battle|clash|fight|combat|skirmish|gefecht|kampf|enfrentam|affrontement|бой",
    IncidentType.ATTACK: "attack|assault|ambush|raid|assassin|murder|shooting|ataque|angriff|attaque|"
    "uberfall|asesinato|emboscada|attentat|mord|нападение|напад|killing|arson",
    IncidentType.AGREEMENT: "agreement|ceasefire|truce|acuerdo|abkommen|waffenruhe|accord|cessez|перемир",
    IncidentType.NEGOTIATION: "negotiat|talks|negociac|verhandl|переговор",
    IncidentType.MEETING: "meeting|visit|reunion|treffen|besuch|rencontre|встреча",
    IncidentType.DISPLACEMENT: "displace|refugee|evacuat|desplaza|vertreib|flucht|deplace|эвакуац",
    IncidentType.WITHDRAWAL: "withdraw|retreat|surrender|retirada|ruckzug|retrait|отступ",
    IncidentType.CHANGE_OF_CONTROL: "captur|takeover|seiz|toma de|einnahme|prise de|захват",
    IncidentType.TROOP_MOVEMENT: "troop|deploy|mobiliz|mobilis|despliegue|truppen",
    IncidentType.BORDER_CROSSING: "border|frontera|grenz|frontiere|границ",
    IncidentType.SANCTION: "sanction|embargo|blockade|curfew|sancion|sanktion|toque de queda",
    IncidentType.AID: "aid|relief|ayuda|hilfe|aide|помощь",
    IncidentType.THREAT: "threat|amenaza|drohung|menace|угроза",
    IncidentType.STATEMENT: "statement|declarac|erklarung|declaration|заявление",
}
"""Beginnings of words by which a kind of incident is recognised; the first that fits."""


def type_of_words(text: str) -> IncidentType | None:
    """The incident type that a sheet's word for a kind of incident suggests; a suggestion, no more."""
    said = " " + " ".join(bare_words(text))
    for incident_type, beginnings in TYPES.items():
        if any(f" {each}" in said for each in beginnings.split("|")):
            return incident_type
    return None
