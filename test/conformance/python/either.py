"""Lets one scenario run through both clients of a package."""

import inspect


async def done(result):
    """What a call comes to: the synchronous client gives it, the asynchronous one a promise of it."""
    return await result if inspect.isawaitable(result) else result


async def raised(kind, call):
    """Calls, and returns the exception of that kind that it has to raise."""
    try:
        await done(call())
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")
