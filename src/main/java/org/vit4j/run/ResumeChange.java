package org.vit4j.run;

/** Config value that differs from the one a run was started with; {@code not set} stands for a missing value. */
record ResumeChange(String key, String before, String after) {}
