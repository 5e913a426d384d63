/** Limits of the machine that a process runs on: processors, memory, and the control groups of Linux containers. */
package org.vit4j.machine;
