"""Tell by a column's name what personal data it may hold: English, German, French, Spanish, Italian, Portuguese, Dutch.

A name is split into words (`custEMail` is cust, e, mail), without accents. A word that says what is counted, sold or
configured (`product_name`, `mail_count`) takes the column out: its values are then all that counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum


class PersonalKind(StrEnum):
    """What a column looks like."""

    EMAIL = "e-mail addresses"
    PHONE = "phone numbers"
    NAME = "names of people"
    ADDRESS = "postal addresses"
    BIRTH = "birth dates"
    ACCOUNT = "bank accounts or cards"
    TAX = "tax or identity numbers"


# A text of several words stands for those words in a row.
_WORDS: dict[PersonalKind, str] = {
    PersonalKind.EMAIL: "email mail emails mailadresse emailadresse courriel correo correio mel posta_elettronica",
    PersonalKind.PHONE: "phone telephone tel telefon telefono telefone telefoon telefonnummer telefoonnummer"
    " handy handynummer mobile mobil mobilnummer mobiltelefon mobiel movil celular cellulare gsm fax telefax"
    " rufnummer whatsapp",
    PersonalKind.NAME: "firstname lastname surname forename fullname middlename maidenname vorname nachname"
    " familienname rufname geburtsname kundenname personenname ansprechpartner ansprechpartnerin"
    " prenom nomfamille apellido apellidos cognome nominativo sobrenome apelido voornaam achternaam"
    " contactperson kontaktperson first_name last_name full_name middle_name maiden_name given_name family_name"
    " customer_name client_name contact_name contact_person employee_name owner_name patient_name holder_name"
    " person_name user_name nom_famille nom_client nom_complet nom_contact nombre_completo nombre_cliente"
    " nombre_pila nome_cognome nome_cliente nome_completo account_holder kontoinhaber cardholder sachbearbeiter",
    PersonalKind.ADDRESS: "street strasse strassenname anschrift adresse address addr rue calle direccion domicilio"
    " indirizzo endereco morada straat straatnaam hausnummer huisnummer wohnort postanschrift addressline"
    " house_number numero_civico home_address",
    PersonalKind.BIRTH: "dob birthdate birthday birthdate birthyear geburtsdatum geburtstag geburtsjahr geburt"
    " naissance nacimiento nascita nascimento geboortedatum geboorte birth born geb_datum geb_dat",
    PersonalKind.ACCOUNT: "iban kontonummer kreditkarte kreditkartennummer creditcard rekeningnummer"
    " bank_account credit_card card_number numero_carte numero_tarjeta cuenta_bancaria conto_corrente ccnumber",
    PersonalKind.TAX: "ssn ssnr steuerid steueridnr steueridentifikationsnummer steuernummer sozialversicherungsnummer"
    " svnr personalausweis personalausweisnummer ausweisnummer reisepass passport pasaporte passaporto"
    " nif dni nie nir insee bsn cpf codicefiscale rijksregisternummer"
    " social_security tax_id national_id identity_number id_card steuer_id steuer_nr codice_fiscale"
    " securite_sociale seguridad_social seguro_social numero_fiscal numero_fiscale carta_identita nino",
}
# `name`, alone, is a person's only if the values look so; in these languages it means little else in front of a person.
NAME_ALONE = frozenset(["name", "nom", "nombre", "nome", "naam"])
_OTHER = frozenset(
    """
    count number_of anzahl nombre_de total sum avg share rate ratio pct percent anteil model modell modele modelo
    type typ tipo art opt optin optout consent newsletter sent opened clicks verified bounced bounce domain
    subject template campaign status flag allowed enabled product produkt produit producto prodotto file datei
    fichier country currency plan tariff tarif tariffs minutes minuten cost costs kosten price preis discount
    rabatt app version server host has is days hours format length len usage device brand store channel code kind
    class cohort bucket ip mac location_type carrier provider quality ticket tickets event events
    """.split()  # noqa: SIM905  (a list literal would take a line for each)
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def words_of(column: str) -> tuple[str, ...]:
    """Return the words of a column's name: lower case, without accents."""
    plain = unicodedata.normalize("NFKD", column.replace("ß", "ss"))
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    parts = re.split(r"[^A-Za-z0-9]+", _CAMEL.sub(" ", plain))
    return tuple(part.lower() for part in parts if part)


def kind_by_name(column: str) -> PersonalKind | None:
    """Return what the column's name promises, or None; a bare `name` promises nothing."""
    words = words_of(column)
    if any(word in _OTHER for word in words):
        return None
    runs = {*_runs(words), "".join(words)}  # e_mail, birth_day
    return next((kind for kind, texts in _KINDS.items() if not texts.isdisjoint(runs)), None)


def _runs(words: tuple[str, ...]) -> Iterator[str]:
    """Yield the words in a row, up to as many as a text has, without a number that the last one ends with: `phone2`."""
    for end, last in enumerate(words, 1):
        letters = _LETTERS.match(last)
        ending = letters[0] if letters is not None else last
        for start in range(max(0, end - _LONGEST), end):
            yield "_".join((*words[start : end - 1], ending))


def is_name_alone(column: str) -> bool:
    """Tell whether a column is only called name, in one of the languages, perhaps after a word for a person."""
    words = words_of(column)
    return bool(words) and words[-1] in NAME_ALONE and not any(word in _OTHER for word in words)


_KINDS = {kind: frozenset(text.split()) for kind, text in _WORDS.items()}
_LONGEST = max(text.count("_") + 1 for texts in _KINDS.values() for text in texts)
_LETTERS = re.compile("[a-z]+(?=[0-9])")
