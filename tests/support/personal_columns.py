"""Sixty made-up columns in five languages: thirty personal ones, thirty that only look so by their name or values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

ROWS = 300
_FIRST = {
    "en": "James Mary Robert Linda Emily Thomas Sarah Brian Laura Kevin".split(),  # noqa: SIM905
    "de": "Hans Ursula Jürgen Sabine Uwe Heike Florian Katrin Matthias Petra".split(),  # noqa: SIM905
    "fr": "Jean Camille Pierre Chloé Michel Sylvie Thierry Margaux Luc Élodie".split(),  # noqa: SIM905
    "es": "José Carmen Javier Lucía Pablo Marta Álvaro Rocío Diego Pilar".split(),  # noqa: SIM905
    "it": "Giuseppe Giulia Marco Chiara Luigi Francesca Paolo Ilaria Davide Elisa".split(),  # noqa: SIM905
}
_LAST = {
    "en": "Hartley Okafor Whitfield Brook Sandhu Marlowe Pike Ashdown Cole Denby".split(),  # noqa: SIM905
    "de": "Brandstätter Vogel Kröger Wenzel Lindner Ostermann Hauke Reuter Saalfeld Thoma".split(),  # noqa: SIM905
    "fr": "Delorme Guérin Lacombe Besson Rivière Tessier Vasseur Charlier Noël Prévost".split(),  # noqa: SIM905
    "es": "Ibáñez Carrasco Domínguez Peña Quiroga Salgado Villar Montes Rivas Ferrer".split(),  # noqa: SIM905
    "it": "Bertoli Caruso Ferri Galletti Marchi Rinaldi Sartori Testa Valli Zanetti".split(),  # noqa: SIM905
}


@dataclass(frozen=True, kw_only=True)
class MadeUp:
    """A column: its name, its DuckDB type, how a value is made, and whether it is personal."""

    language: str
    name: str
    value: Callable[[Random], str]
    personal: bool
    kind: str = "VARCHAR"

    def values(self) -> list[str]:
        chance = Random(f"{self.language} {self.name}")
        return [self.value(chance) for _ in range(ROWS)]


def _pick(texts: str) -> Callable[[Random], str]:
    return lambda chance: chance.choice(texts.split("|"))


def _digits(pattern: str) -> Callable[[Random], str]:
    return lambda chance: "".join(str(chance.randrange(10)) if sign == "#" else sign for sign in pattern)


def _first(language: str) -> Callable[[Random], str]:
    return lambda chance: chance.choice(_FIRST[language])


def _last(language: str) -> Callable[[Random], str]:
    return lambda chance: chance.choice(_LAST[language])


def _full(language: str) -> Callable[[Random], str]:
    return lambda chance: f"{_first(language)(chance)} {_last(language)(chance)}"


def _mail(chance: Random) -> str:
    return f"{chance.choice('abcdefgh')}.{chance.randrange(9999)}@{chance.choice(['example.com', 'post.example.org'])}"


def _note(chance: Random) -> str:
    return f"please write to {_mail(chance)} first" if chance.random() < 0.2 else "paid in time"


def _street(form: str, names: str) -> Callable[[Random], str]:
    return lambda chance: form.format(name=chance.choice(names.split("|")), n=chance.randrange(1, 180))


def _day(first: int, last: int, form: str = "%Y-%m-%d") -> Callable[[Random], str]:
    return lambda chance: (date(first, 1, 1) + timedelta(days=chance.randrange((last - first) * 365))).strftime(form)


def _number(least: int, most: int) -> Callable[[Random], str]:
    return lambda chance: str(chance.randrange(least, most))


def _iban(chance: Random) -> str:
    account = "".join(str(chance.randrange(10)) for _ in range(18))
    check = 98 - int(account + "131400") % 97
    return f"DE{check:02d}{account}"


def _dni(chance: Random) -> str:
    number = chance.randrange(10_000_000, 99_999_999)
    return f"{number}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"


def _codice(chance: Random) -> str:
    letters = "".join(chance.choice("BCDFGLMNPRSTVZ") for _ in range(6))
    return f"{letters}{chance.randrange(40, 99)}{chance.choice('ABCDEHLMPRST')}{chance.randrange(10, 29)}H501{'Z'}"


def _nir(chance: Random) -> str:
    body = f"{chance.choice('12')}{chance.randrange(40, 99)}{chance.randrange(1, 13):02d}{chance.randrange(10**8):08d}"
    return f"{body}{97 - int(body) % 97:02d}"


def _hash(chance: Random) -> str:
    return f"{chance.getrandbits(128):032x}"


_P = {"personal": True}
_N = {"personal": False}
COLUMNS = (
    # English
    MadeUp(language="en", name="email", value=_mail, **_P),
    MadeUp(language="en", name="primary_contact", value=_full("en"), **_P),
    MadeUp(language="en", name="mobile_phone", value=_digits("+44 7### ######"), **_P),
    MadeUp(language="en", name="DOB", value=_day(1940, 2004), kind="DATE", **_P),
    MadeUp(language="en", name="ssn", value=_digits("2##-4#-5###"), **_P),
    MadeUp(language="en", name="shipTo", value=_street("{n} {name} Road", "Mill|Station|Church"), **_P),
    MadeUp(language="en", name="product_name", value=_pick("Desk Lamp|Oak Table|Garden Chair|Shelf"), **_N),
    MadeUp(language="en", name="email_count", value=_number(0, 40), kind="BIGINT", **_N),
    MadeUp(language="en", name="phone_model", value=_pick("Nova 3|Nova 4 Plus|Astra S"), **_N),
    MadeUp(language="en", name="company", value=_pick("Hartley & Sons Ltd|Cole Trading Inc|Denby Group"), **_N),
    MadeUp(language="en", name="invoice_no", value=_digits("INV-2024-#####"), **_N),
    MadeUp(language="en", name="address_type", value=_pick("billing|delivery"), **_N),
    # German
    MadeUp(language="de", name="Mailadresse", value=_mail, **_P),
    MadeUp(language="de", name="nachname", value=_last("de"), **_P),
    MadeUp(language="de", name="Handynr", value=_digits("0171 #######"), **_P),
    MadeUp(language="de", name="GebDatum", value=_day(1940, 2004, "%d.%m.%Y"), **_P),
    MadeUp(language="de", name="bankverbindung", value=_iban, **_P),
    MadeUp(language="de", name="Anschrift", value=_street("{name} {n}", "Lindenstraße|Am Markt|Schulweg"), **_P),
    MadeUp(language="de", name="Produktname", value=_pick("Gartenstuhl|Stehlampe|Esstisch"), **_N),
    MadeUp(language="de", name="Telefonkosten", value=_number(1, 99), kind="DOUBLE", **_N),
    MadeUp(language="de", name="Firma", value=_pick("Vogel Bau GmbH|Lindner AG|Reuter & Co. KG"), **_N),
    MadeUp(language="de", name="Ort", value=_pick("Köln|München|Bad Homburg|Halle"), **_N),
    MadeUp(language="de", name="Bestellnr", value=_digits("40########"), **_N),
    MadeUp(language="de", name="faellig", value=_day(2023, 2025, "%d.%m.%Y"), **_N),
    # French
    MadeUp(language="fr", name="courriel", value=_mail, **_P),
    MadeUp(language="fr", name="prénom", value=_first("fr"), **_P),
    MadeUp(language="fr", name="tel_portable", value=_digits("06 ## ## ## ##"), **_P),
    MadeUp(language="fr", name="date_naissance", value=_day(1940, 2004), kind="DATE", **_P),
    MadeUp(language="fr", name="num_secu", value=_nir, **_P),
    MadeUp(language="fr", name="voie", value=_street("{n} rue {name}", "de la Paix|Victor Hugo|des Lilas"), **_P),
    MadeUp(language="fr", name="nombre_commandes", value=_number(0, 90), kind="BIGINT", **_N),
    MadeUp(language="fr", name="nom_produit", value=_pick("Lampe de bureau|Chaise|Table basse"), **_N),
    MadeUp(language="fr", name="societe", value=_pick("Delorme SAS|Tessier SARL|Noël S.A."), **_N),
    MadeUp(language="fr", name="ville", value=_pick("Lyon|Saint-Denis|Le Mans|Aix"), **_N),
    MadeUp(language="fr", name="date_commande", value=_day(2022, 2025), kind="DATE", **_N),
    MadeUp(language="fr", name="code_postal", value=_digits("75###"), **_N),
    # Spanish
    MadeUp(language="es", name="correo_electronico", value=_mail, **_P),
    MadeUp(language="es", name="apellidos", value=_last("es"), **_P),
    MadeUp(language="es", name="movil", value=_digits("6########"), kind="BIGINT", **_P),
    MadeUp(language="es", name="documento", value=_dni, **_P),
    MadeUp(language="es", name="domicilio", value=_street("Calle {name} {n}", "Mayor|del Sol|Real"), **_P),
    MadeUp(language="es", name="año_nacimiento", value=_number(1940, 2004), kind="BIGINT", **_P),
    MadeUp(language="es", name="nombre_producto", value=_pick("Silla|Mesa de roble|Lámpara"), **_N),
    MadeUp(language="es", name="tipo_documento", value=_pick("factura|abono"), **_N),
    MadeUp(language="es", name="empresa", value=_pick("Peña e Hijos S.L.|Villar S.A."), **_N),
    MadeUp(language="es", name="referencia", value=_digits("REF########"), **_N),
    MadeUp(language="es", name="importe", value=_digits("1##.##"), kind="DOUBLE", **_N),
    MadeUp(language="es", name="fecha_alta", value=_day(2015, 2025), kind="DATE", **_N),
    # Italian
    MadeUp(language="it", name="posta", value=_mail, **_P),
    MadeUp(language="it", name="intestatario", value=_full("it"), **_P),
    MadeUp(language="it", name="cellulare", value=_digits("+39 3## #######"), **_P),
    MadeUp(language="it", name="cf", value=_codice, **_P),
    MadeUp(language="it", name="indirizzo", value=_street("Via {name} {n}", "Roma|Garibaldi|delle Rose"), **_P),
    MadeUp(language="it", name="note", value=_note, **_P),
    MadeUp(language="it", name="nome_prodotto", value=_pick("Sedia|Tavolo|Lampada da terra"), **_N),
    MadeUp(language="it", name="ragione_sociale", value=_pick("Ferri S.r.l.|Valli S.p.A.|Testa & Co"), **_N),
    MadeUp(language="it", name="email_hash", value=_hash, **_N),
    MadeUp(language="it", name="has_mobile", value=_pick("si|no"), **_N),
    MadeUp(language="it", name="scadenza", value=_day(2023, 2026), kind="DATE", **_N),
    MadeUp(language="it", name="numero_ordine", value=_digits("#########"), kind="BIGINT", **_N),
)
