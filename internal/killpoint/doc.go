// Package killpoint marks the points at which a run can be broken off, so that a test of a whole program can kill it at each
// of them, one after the other, through the front end that a user has.
//
// In every ordinary build, and so in every release, [Reached] does nothing and reads nothing. With the build tag killpoints,
// which only tests of this project give, the process ends by SIGKILL at the point whose number the environment variable
// OFFLINEJOIN_TEST_KILL_AT has, and adds the name of each point that it reaches to the file of OFFLINEJOIN_TEST_KILL_LOG.
package killpoint
