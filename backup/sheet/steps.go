package sheet

import (
	"fmt"

	"github.com/tokenctl/tokenctl/backup/sheet/layout"
)

// plainSteps say how to recover from a sheet that is not sealed, and what can wait.
func (s Sheet) plainSteps() (first, later []layout.Steps) {
	secrets, sets := s.count()
	if secrets > 0 || s.VaultKey != "" {
		first = append(first, s.withTokenctl())
	}
	if secrets > 0 {
		first = append(first, withPhone)
	}
	if sets > 0 {
		first = append(first, withBackupCode)
	}
	if secrets > 0 {
		first = append(first, afterLoss)
	}
	if s.VaultKey != "" {
		later = append(later, withAge)
	}
	return first, append(later, s.keeping("Whoever has this sheet has what is on it. Keep it as you keep your passport, and not where your passwords are."))
}

// installStep says where tokenctl is, if that is known.
func (s Sheet) installStep() string {
	if s.URL == "" {
		return "Install tokenctl on a computer."
	}
	return "Install tokenctl: " + s.URL
}

func (s Sheet) withTokenctl() layout.Steps {
	return layout.Steps{Heading: "To recover with tokenctl", Steps: []string{
		s.installStep(),
		"Scan all pages, or photograph them one by one: flat, sharp, in good light. Order and direction do not matter.",
		"Plug in a new security key. If you have none, tokenctl makes a vault on your computer.",
		"Run: tokenctl restore PICTURE...",
		missingStep,
		"When your codes work again, delete the pictures.",
	}}
}

const missingStep = "It says what is missing, and changes nothing before you agree. What it cannot read, scan again, or type: add --type to the command, and type each line with the number before it and the four letters after it."

var withPhone = layout.Steps{Heading: "To recover without tokenctl, on a phone", Steps: []string{
	"Install an authenticator app. Any one that scans QR codes will do.",
	"Find the block of your account. Scan its QR code with the app.",
	"If the app cannot read the QR code, choose to type a key. Type the lines of the secret, which come after the line that begins with \"account\". Leave out the number before each line and the last four letters after it.",
	"If the block names settings, choose the same ones in the app.",
	"Sign in with the code that the app shows. The clock of the phone must be right.",
}}

var withBackupCode = layout.Steps{Heading: "To use a backup code", Steps: []string{
	"Sign in at the service. When it asks for a code, choose another way to sign in: it may be called backup code or recovery code.",
	"Find the block of your account. Type a code that is not ticked: what stands after its number and the colon. Leave out the last four letters, which are only a check.",
	"Tick the code, and write the date beside it.",
	"Make new codes at the service, where the block says. Record them, and print them.",
}}

var withAge = layout.Steps{Heading: "To open the vault without tokenctl", Steps: []string{
	"Install age: https://age-encryption.org",
	"Write the vault's key into a file, key.txt: in capital letters, all in one line, without the line numbers and the checks.",
	"In the folder of the vault, run for each account: age -d -i key.txt accounts/SERVICE/NAME.age",
	"When you are done, delete key.txt.",
}}

var afterLoss = layout.Steps{Heading: "If your key or phone was lost or stolen", Steps: []string{
	"Recover first, as above.",
	"Then, at each service, turn two-factor authentication off and on again. The secret on this sheet and in the lost key stops working.",
	"Make new backup codes at each service.",
	"Enroll the new secrets with tokenctl, print a new sheet, and destroy this one.",
}}

// keeping says how to keep the sheet; the first sentence, why.
func (s Sheet) keeping(why string) layout.Steps {
	steps := []string{
		why,
		"Check it now: scan it, and run: tokenctl sheet verify PICTURE...",
		"Delete the pictures, and the file that you printed.",
	}
	if !s.Partial {
		steps = append(steps, "When you print a new sheet, destroy this one.")
	}
	return layout.Steps{Heading: "How to keep this sheet", Steps: steps}
}

// sealedSteps say how to recover from a sheet that a passphrase opens.
func (s Sheet) sealedSteps() (first, later []layout.Steps) {
	withPassphrase := s.withTokenctl()
	withPassphrase.Steps = append(withPassphrase.Steps[:3:3],
		"Run: tokenctl restore PICTURE...",
		"Type the passphrase of this sheet when you are asked for it.",
		"All parts are needed. "+missingStep,
		"When your codes work again, delete the pictures.",
	)
	return []layout.Steps{withPassphrase, sealedByHand}, []layout.Steps{
		afterLoss,
		s.keeping("This sheet opens with the passphrase alone, and without it not at all. Keep the passphrase in another place."),
	}
}

// joinParts is the command on the sheet to run with the texts of its QR codes, one per
// line, for the sealed file.
const joinParts = "grep '|part: ' codes.txt | sort -u | sed 's/.*|//' | base32 -d > sheet.age"

var sealedByHand = layout.Steps{Heading: "To recover without tokenctl", Steps: []string{
	"Install age from https://age-encryption.org and a program that reads QR codes, such as zbarimg. On Debian, run: sudo apt install age zbar-tools",
	"Scan all pages, and run: zbarimg -q --raw PICTURE... > codes.txt",
	"Put the parts together. Run: " + joinParts,
	"If your program is another one: the sealed file is, in base32, what follows the last bar in each part, one part after the other.",
	"Run: age -d sheet.age",
	"It asks for the passphrase, and prints accounts and backup codes in plain text. Make a QR code of each line that begins with otpauth: and scan it with an authenticator app. The program qrencode makes one.",
	"When you are done, delete the files.",
}}

// splitSteps say how to recover from a sheet that is split.
func (s Sheet) splitSteps(share shareRecord) (first, later []layout.Steps) {
	together := s.withTokenctl()
	together.Heading = fmt.Sprintf("To recover, with %d of these %d sheets", share.need, share.of)
	together.Steps = append(together.Steps[:1:1],
		fmt.Sprintf("Bring together any %d of the %d sheets that have the ID %s.", share.need, share.of, s.ID),
		"Scan all pages of one of them, and of the others the page with the share: flat, sharp, in good light. Order and direction do not matter.",
		"Plug in a new security key. If you have none, tokenctl makes a vault on your computer.",
		"Run: tokenctl restore PICTURE...",
		"It names a share that does not belong to the others. "+missingStep,
		"When your codes work again, delete the pictures.",
	)
	first = []layout.Steps{together, {Heading: "To recover without tokenctl", Steps: []string{
		"A short program in Python puts the shares together, and age opens the parts. Both are described in the file docs/sheet-format.md, which comes with the source of tokenctl.",
	}}}
	return first, []layout.Steps{
		afterLoss,
		s.keeping(fmt.Sprintf("Fewer than %d of these sheets reveal nothing. Keep each in another place, or with another person.", share.need)),
	}
}
