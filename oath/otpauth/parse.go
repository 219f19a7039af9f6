package otpauth

import (
	"fmt"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
)

// parseKeyURI reads TYPE/LABEL?PARAMETERS.
//
// There are no fragments in otpauth URIs: a '#' belongs to the name it is in.
func parseKeyURI(rest string) (Key, error) {
	path, query, _ := strings.Cut(rest, "?")
	kind, label, _ := strings.Cut(path, "/")
	params, err := parseParameters(query)
	if err != nil {
		return Key{}, err
	}
	if params["secret"] == "" {
		return Key{}, fmt.Errorf("%w: the URI has no secret", oath.ErrInvalid)
	}
	isSteam := strings.EqualFold(params["encoder"], "steam")
	switch {
	case kind == "":
		return Key{}, errType
	case isSteam && strings.EqualFold(kind, "hotp"):
		return Key{}, fmt.Errorf("%w: a Steam account goes by the time (totp), not by a counter (hotp)", oath.ErrInvalid)
	case isSteam:
		kind = "steam"
	}
	return Fields{
		Type: kind, Issuer: params["issuer"], Secret: params["secret"], Algorithm: params["algorithm"],
		Digits: params["digits"], Period: params["period"], Counter: params["counter"],
	}.key(splitLabel(label, params["issuer"]))
}

// parseSteamURI reads the secret of steam://SECRET, the spelling of Bitwarden and
// Proton Pass. It names no account.
func parseSteamURI(rest string) (Key, error) {
	return Fields{Type: "steam", Issuer: oath.SteamIssuer, Secret: strings.TrimSuffix(unescape(rest), "/")}.Key()
}
