"""Who may do what: keys and tokens, roles, and the one rule that every route has.

    errors     why nobody is let in
    roles      the roles, who has which, and the rule that a route declares
    keys       keys of the service's own: made, listed, revoked, verified
    first      the key that a store gets at its first start
    tokens     bearer tokens of an OpenID provider
    issuer     where the provider's own keys are fetched
    callers    who a request is from: a key's name or a token's, verified and remembered for seconds
    limits     how many requests a minute each caller may make
    guard      holds routes to their rules; a route without one keeps the application from starting
    proxies    what a proxy says of the client it stands for
    options    kinds of settings
    headers    what every answer tells browsers

Nothing secret is kept, logged or shown: of a key there is a hash, of a token a hash for seconds.
"""
