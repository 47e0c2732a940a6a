"""Amounts of money as pages show them."""

from collections.abc import Collection, Mapping

# Signs that stand before the amount; any other currency is shown by its code. Decimals: two, but where listed.
SIGNS: Mapping[str, str] = {
    "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$",
    "MXN": "MX$", "BRL": "R$", "HKD": "HK$", "SGD": "S$", "TRY": "₺", "PLN": "zł", "VND": "₫", "ILS": "₪", "PHP": "₱",
    "UAH": "₴", "NGN": "₦", "CNY": "CN¥", "THB": "฿", "KZT": "₸", "GEL": "₾",
}  # fmt: skip
_WHOLE, _THOUSANDTHS = "JPY KRW VND CLP ISK UGX XAF XOF XPF PYG", "BHD JOD KWD OMR TND"
DECIMALS: Mapping[str, int] = dict.fromkeys(_WHOLE.split(), 0) | dict.fromkeys(_THOUSANDTHS.split(), 3)


def amount(value: float, currency: str) -> str:
    """An amount with its currency: ``$19.99``, ``¥1200``, ``CHF 5.00``."""
    decimals = DECIMALS.get(currency, 2)
    digits = f"{value:.{decimals}f}"
    return f"{SIGNS[currency]}{digits}" if currency in SIGNS else f"{currency} {digits}"


def price_tag(prices: Collection[float], currency: str) -> str:
    """One price or a range of them as pages show it; empty where there is none."""
    if not prices:
        return ""
    low, high = min(prices), max(prices)
    return amount(low, currency) if low == high else f"{amount(low, currency)} to {amount(high, currency)}"
