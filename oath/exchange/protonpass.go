package exchange

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Proton Pass's export is an archive, with the vaults and their items in a file of JSON.
// Besides that of a login, any item may have fields with one-time passwords.
//
// https://proton.me/support/pass-export and packages/pass of
// github.com/ProtonMail/WebClients.
var protonPass = format{
	name: "Proton Pass",
	is:   func(f *file) bool { return f.has("vaults", "version") },
	read: readProtonPass,
}

type protonPassItem struct {
	State int `json:"state"` // 1 active, 2 trashed
	Data  struct {
		Metadata struct {
			Name string `json:"name"`
			Note string `json:"note"`
		} `json:"metadata"`
		Content     json.RawMessage `json:"content"` // its form is that of the item's type
		Type        string          `json:"type"`
		ExtraFields []struct {
			Data struct {
				TOTP string `json:"totpUri"`
			} `json:"data"`
		} `json:"extraFields"`
	} `json:"data"`
}

const protonPassTrashed = 2

func readProtonPass(r *reader) error {
	var f struct {
		Vaults map[string]struct {
			Items []json.RawMessage `json:"items"`
		} `json:"vaults"`
	}
	if err := decode([]byte(r.text), &f); err != nil {
		return err
	}
	deleted := 0
	take := func(item protonPassItem) {
		var login struct {
			Username string `json:"itemUsername"`
			Email    string `json:"itemEmail"`
			Before   string `json:"username"` // the field of both, until 2024
			TOTP     string `json:"totpUri"`
		}
		if item.Data.Type == "login" {
			if err := decode(item.Data.Content, &login); err != nil {
				r.refuse(item.Data.Metadata.Name, invalid(err))
				return
			}
		}
		user := login.Username
		for _, other := range []string{login.Email, login.Before} {
			if user == "" {
				user = other
			}
		}
		texts := []string{login.TOTP}
		for _, field := range item.Data.ExtraFields {
			texts = append(texts, field.Data.TOTP)
		}
		for _, text := range texts {
			switch {
			case strings.TrimSpace(text) == "":
			case item.State == protonPassTrashed:
				deleted++
			default:
				r.addText(item.Data.Metadata.Name, user, text, item.Data.Metadata.Note)
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(f.Vaults)) {
		decodeEach(r, f.Vaults[id].Items, take)
	}
	r.warnDeleted(deleted)
	return nil
}
