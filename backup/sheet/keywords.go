package sheet

// The keywords of lines of words.
const (
	sheetKeyword      = "sheet"      // number, ID, date, lines=COUNT: the first line
	endKeyword        = "end"        // the same again: the last line
	addsKeyword       = "adds"       // the number of the sheet that this one belongs with
	AccountKeyword    = "account"    // label, settings that are not the usual ones, letters=COUNT; letters follow
	codesKeyword      = "codes"      // an account's ID and settings of its codes, which follow
	codeKeyword       = "code"       // with its number
	partKeyword       = "part"       // number/count, seal=..., letters=COUNT; letters follow
	shareKeyword      = "share"      // number/count, need=COUNT, commitment=..., letters=COUNT; letters follow
	commitmentKeyword = "commitment" // digest, letters=COUNT; letters follow
)
