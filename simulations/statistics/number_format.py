"""Shares and changes of shares as people read them."""


def percent(share: float | None, decimals: int = 1) -> str:
    """'19.8%', or 'withheld'; a share that is neither 0 nor 1 is never shown as if it were."""
    if share is None:
        return "withheld"
    text, least = f"{100 * share:.{decimals}f}", 10.0**-decimals
    if share and not float(text):
        return f"<{least:.{decimals}f}%"
    return f">{100 - least:.{decimals}f}%" if share < 1 and float(text) == 100 else f"{text}%"


def points(change: float | None, decimals: int = 1) -> str:
    """'+1.2' or '−5.4' percentage points, or 'withheld'."""
    if change is None:
        return "withheld"
    text = f"{100 * change:+.{decimals}f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")
