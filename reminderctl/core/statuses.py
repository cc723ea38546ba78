"""The words for a status, as booking programs write them: which of them say that nobody will come."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache

from msgspec import Struct

from reminderctl.text import remove_invisible

CANCELED, REJECTED, NO_SHOW = "canceled", "rejected", "no_show"
# What programs call a booking that goes ahead, or may yet. Every other word is kept, and a person hears of it.
GOES_AHEAD = frozenset({"approved", "confirmed", "accepted", "booked", "reserved", "scheduled"})
KNOWN = GOES_AHEAD | {
    *(CANCELED, REJECTED, NO_SHOW, "pending", "unconfirmed", "tentative", "requested"),
    *("completed", "finished", "attended", "arrived", "checked_in"),
}

_ACCENTS = str.maketrans(
    "àáâãäåçèéêëìíîïñòóôõöøùúûüýąćęłńśźżčďěňřšťůžőűășțşţğı",
    "aaaaaaceeeeiiiinoooooouuuuyacelnszzcdenrstuzouaststgi",
)
# Texts, which are compiled when they are first used: a run may do without.
_INSIDE_CAMEL_CASE = "(?<=[a-z])(?=[A-Z])"
_SUBJECT = r"(?s)\s*(?:([^\W\d_][^:\uff1a\[\]()\n]{2,30}?)\s?[:\uff1a]|[\[(]([^\[\]()\n]{3,30})[\])]:?)\s+(\S.*)"
_MARKS = ":\uff1a[("
_MOST_WORDS = 2
_BETWEEN_WORDS = r"[\W_]+"


# Participles of "cancel", "delete" and the like in the languages of booking programs, without the accents of Latin.
_CANCELED_WORDS = """
    canceled cancelled canceld cancled cxl cxld canx voided annulled withdrawn deleted removed trashed
    cancelado cancelada cancelados canceladas anulado anulada anulados anuladas eliminado eliminada borrado borrada
    desmarcado desmarcada excluido excluida removido removida apagado apagada
    annule annulee annules annulees decommande decommandee supprime supprimee supprimes supprimees
    annullato annullata annullati annullate cancellato cancellata cancellati cancellate disdetto disdetta
    eliminato eliminata rimosso rimossa stornato stornata
    storniert stornierte stornierter annulliert abgesagt abgesagte abgesagter gecancelt geloscht geloschte geloescht
    ausgefallen entfallen entfallt
    geannuleerd geannuleerde gecanceld afgezegd afgelast verwijderd
    cancellat cancellada anullat anullada anulat eliminat eliminada esborrat esborrada
    anulowane anulowany anulowana anulowano odwolane odwolany odwolana odwolano usuniete usuniety usunieta
    avbokad avbokat avbokade installd installt raderad raderat makulerad
    aflyst annulleret afbestilt avlyst kansellert avbestilt slettet
    peruttu peruutettu poistettu tuhistatud atcelts atcelta atsauktas atsaukta
    zruseno zrusena zruseny zrusen zrusene smazano odstraneno otkazano otkazan otkazana odpovedano
    anulata sters stearsa lemondva lemondott torolve torolt silindi
    отменено отменен отменён отменена отменено аннулировано аннулирован удалено удален удалён удалена
    скасовано скасований скасована видалено ακυρωθηκε ακυρώθηκε ακυρωμένο ακυρωμένη
    キャンセル済み キャンセル済 取消済み 取消済 削除済み 已取消 已删除 已刪除 취소됨 삭제됨
    בוטל בוטלה מבוטל מבוטלת ملغى ملغي ملغاة
    """
# Words that say so only where nothing is beside them: nouns and verbs, which may be a wish, too.
_CANCELED_ALONE = """
    cancel cancellation void delete trash storno absage iptal iptal_edildi called_off late_cancel late_cancellation
    early_cancel cancel_late cancelacion annulation annullamento cancelamento annulering fallt_aus
    dibatalkan batal キャンセル 取消 取り消し 取消し 削除 취소 삭제 ยกเลิก ยกเลิกแล้ว отмена
    """
_REJECTED_WORDS = """
    rejected declined refused denied disapproved
    rechazado rechazada denegado denegada declinado declinada recusado recusada rejeitado rejeitada indeferido
    refuse refusee rejete rejetee decline declinee rifiutato rifiutata respinto respinta
    abgelehnt abgelehnte zuruckgewiesen zurueckgewiesen afgewezen geweigerd rebutjat rebutjada refusat refusada denegat
    odrzucone odrzucony odrzucona odrzucono avvisad avvisat avslagen afvist avvist avslatt hylatty
    zamitnuto odmitnuto zamietnute odmietnute respins respinsa refuzat elutasitva elutasitott reddedildi
    отклонено отклонен отклонён отклонена відхилено απορρίφθηκε 却下 已拒绝 已拒絕 거절됨
    """
_NO_SHOW_PHRASES = """
    did_not_show did_not_show_up didn_t_show didn_t_show_up did_not_attend didn_t_attend did_not_arrive not_attended dna
    missed absent absent_client client_absent
    no_presentado no_presentada no_se_presento no_asistio no_acudio no_vino ausente inasistencia
    nao_compareceu nao_comparecimento faltou falta non_presentato non_presentata mancata_presentazione assente
    nicht_erschienen nichterschienen nicht_gekommen non_presente non_presentee ne_s_est_pas_presente
    ne_s_est_pas_presentee absente non_venu non_venue niet_verschenen niet_gekomen niet_komen_opdagen
    no_presentat no_s_ha_presentat nieobecny nieobecna nieobecnosc nie_stawil_sie nie_stawila_sie
    uteblev utebliven udeblev udeblevet ikke_mott ei_saapunut nedostavil_se nedostavila_se
    не_явился не_явилась неявка gelmedi neprezentat
    """
# They turn such a word into something else, where they come before it, or (the wishes) right behind it.
_TAKEN_BACK = """
    not no never non un pas ne nicht kein nie niet nao ikke inte ei не to being partially partial partly
    parcialmente partiellement teilweise parzialmente gedeeltelijk czesciowo
    payment card refund deposit invoice charge subscription reminder pago tarjeta zahlung paiement pagamento betaling
    """
_WISHED = frozenset({"no", "false", "0", "not", "requested", "request"})


class StatusCount(Struct, frozen=True):
    """The number of bookings, or of participants, that have a status, as it is written."""

    noun: str
    status: str
    number: int


@lru_cache(maxsize=256)
def standard_status(status: str) -> str:
    """Return one spelling for each status.

    `canceled`, `rejected` or `no_show` for every word that plainly says so in a language of booking programs; any
    other word in lower case, with `_` between its parts.
    """
    visible = remove_invisible(status).strip()
    words = _split_phrase(visible)
    phrase = "_".join(words)
    if phrase in _split(_NO_SHOW_PHRASES) or _is_no_show(phrase):
        return NO_SHOW
    if phrase in _split(_CANCELED_ALONE) or _says(_CANCELED_WORDS, words):
        return CANCELED
    if _says(_REJECTED_WORDS, words):
        return REJECTED
    return re.sub(r"[\s-]", "_", visible.casefold())


def list_known(named: Iterable[str]) -> frozenset[str]:
    """Return the standard spelling of the statuses that we know, and of those that workflows name."""
    return KNOWN.union(map(standard_status, named))


def split_canceled(subject: object) -> tuple[str, str]:
    """Return what calendar programs write before the subject of a canceled event (`Canceled: `), and the subject.

    The first is empty where there is no such beginning.
    """
    may_be = isinstance(subject, str) and any(mark in subject for mark in _MARKS)
    parts = re.fullmatch(_SUBJECT, subject) if isinstance(subject, str) and may_be else None
    word = parts[1] or parts[2] if parts else ""
    if parts is None or len(word.split()) > _MOST_WORDS or not _says(_CANCELED_WORDS, _split_phrase(word)):
        return "", ""
    return word, parts[3]


def _split_phrase(text: str) -> list[str]:
    """Return the words of a status, in lower case and without accents."""
    spaced = re.sub(_INSIDE_CAMEL_CASE, "_", text).casefold().replace("·", "").translate(_ACCENTS)
    return re.sub(_BETWEEN_WORDS, "_", spaced).strip("_").split("_")


def _is_no_show(phrase: str) -> bool:
    spelled = f"_{phrase.replace('noshow', 'no_show')}_"
    return "_no_show_" in spelled or "_no_shows_" in spelled


def _says(participles: str, words: list[str]) -> bool:
    """Return True if one of the words is such a participle, and those around it leave its meaning alone."""
    place = next((number for number, word in enumerate(words) if word in _split(participles)), None)
    if place is None:
        return False
    return _split(_TAKEN_BACK).isdisjoint(words[:place]) and _WISHED.isdisjoint(words[place + 1 : place + 2])


@cache
def _split(words: str) -> frozenset[str]:
    return frozenset(words.split())
