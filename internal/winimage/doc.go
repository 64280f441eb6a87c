// Package winimage is a Windows installation that is not running, inside a file tree: which Windows it is, in what
// state, whose name and membership it has, and its registry hives.
//
// [Open] finds System32\config below the Windows directory, opens the hives through package regf (pending log entries
// are applied in memory, as Windows would) and collects [Facts]. It writes nothing. With mode [Write] the SYSTEM hive
// can be changed and is locked against other users of this project; the other hives stay read-only always.
//
// Only an image without a usable SYSTEM hive cannot be opened. Everything else that is wrong with one (a domain
// controller, a home edition, a damaged SECURITY hive) can still be looked at; [Image.CheckHives],
// [Image.CheckJoinable] and [Image.CheckRegistryMethod] are where such an image is refused, with the documented code.
//
// What a never-booted image lacks has a decided meaning: no Policy key in SECURITY is a machine that is not joined; no
// ImageState is what setup flags make of it, [PhaseInstalled] when there are none ([Phase]). A value of a wrong type
// counts as absent. A damaged one makes its hive [HiveDamaged], so that damage never hides a domain controller.
package winimage
