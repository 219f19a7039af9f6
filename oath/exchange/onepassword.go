package exchange

import (
	"encoding/json"
	"strings"
)

// 1Password's 1pux is an archive, with the items in a file of JSON. A one-time password
// is a field of a section of an item, which may have several.
//
// https://support.1password.com/1pux-format/
var onePassword = format{
	name: "1Password",
	is: func(f *file) bool {
		var accounts []struct {
			Vaults []json.RawMessage `json:"vaults"`
		}
		return f.has("accounts") && decode(f.object["accounts"], &accounts) == nil && len(accounts) > 0 && accounts[0].Vaults != nil
	},
	read: readOnePassword,
}

type onePasswordItem struct {
	State    string `json:"state"` // "active" or "archived"
	Overview struct {
		Title string `json:"title"`
	} `json:"overview"`
	Details struct {
		LoginFields []struct {
			Value       string `json:"value"`
			Designation string `json:"designation"`
		} `json:"loginFields"`
		Notes    string `json:"notesPlain"`
		Sections []struct {
			Fields []struct {
				Value struct {
					TOTP string `json:"totp"`
				} `json:"value"`
			} `json:"fields"`
		} `json:"sections"`
	} `json:"details"`
}

func readOnePassword(r *reader) error {
	var f struct {
		Accounts []struct {
			Vaults []struct {
				Items []json.RawMessage `json:"items"`
			} `json:"vaults"`
		} `json:"accounts"`
	}
	if err := decode([]byte(r.text), &f); err != nil {
		return err
	}
	archived := 0
	take := func(item onePasswordItem) {
		user := ""
		for _, field := range item.Details.LoginFields {
			if field.Designation == "username" {
				user = field.Value
			}
		}
		for _, section := range item.Details.Sections {
			for _, field := range section.Fields {
				if strings.TrimSpace(field.Value.TOTP) == "" {
					continue
				}
				if item.State == "archived" {
					archived++
				}
				r.addText(item.Overview.Title, user, field.Value.TOTP, item.Details.Notes)
			}
		}
	}
	for _, account := range f.Accounts {
		for _, vault := range account.Vaults {
			decodeEach(r, vault.Items, take)
		}
	}
	r.warnArchived(archived)
	return nil
}
