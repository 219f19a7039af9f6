// Package sheet makes the recovery sheet: what stands on it, how it looks, and how
// it is read again.
//
// A Sheet is what is to go on paper. Plain, Encrypt and Split make Documents of it,
// which say what stands there in which order; WritePDF, WriteHTML and Text lay
// them out. A Reader takes the texts of QR codes and lines that were typed, in any
// order, and tells what is missing.
//
// Everything stands there twice: as QR codes, and as lines with a check that can be
// typed. The format of both is described in docs/sheet-format.md, for those who
// want to write another reader.
package sheet
