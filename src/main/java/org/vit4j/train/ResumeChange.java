package org.vit4j.train;

/** A config value that differs from the one a run was started with; {@code not set} where there is none. */
record ResumeChange(String key, String before, String after) {}
