# fish completion for pushmetrics

# Long options that take the next word as their value.
set -g __pushmetrics_valued --job --instance --label --metric --header --shell --timeout --signal \
    --kill-after --linger --success-codes --prefix --expect-every --schedule --timezone --grace --heartbeat --from --url --push-timeout --connect-timeout \
    --retries --spool --spool-max-bytes --spool-max-age --user --password-file --bearer-token-file --cacert --cert \
    --key --config --match --sort --older-than --keep-newest --target --type --help-text --source --max-age --max-silence --lookback --format --server --failures

# Names that many give their grouping labels.
set -g __pushmetrics_labels 'app= cluster= environment= region= service= site= team= tier='

# Prints the words of the command that `run` or `step` wraps, the last but the one at the cursor; fails where it has not
# begun.
function __pushmetrics_command
    set -l words (commandline -opc)
    test (count $words) -ge 2; or return 1
    if test $words[2] = step
        # Behind the options and the step's name, and the -- that may follow it.
        set -l at 3
        while test $at -le (count $words); and string match -q -- '-*' $words[$at]
            contains -- $words[$at] $__pushmetrics_valued; and set at (math $at + 1)
            set at (math $at + 1)
        end
        test $at -le (count $words); or return 1
        set at (math $at + 1)
        test $at -le (count $words); and test "$words[$at]" = --; and set at (math $at + 1)
        test $at -le (count $words); and printf '%s\n' $words[$at..-1]
        return 0
    end
    test $words[2] = run; or return 1
    set -l at 3
    while test $at -le (count $words)
        set -l word $words[$at]
        if test "$word" = --
            set at (math $at + 1)
            break
        else if string match -qr -- '^-.' $word
            if contains -- $word $__pushmetrics_valued; or string match -qr -- '^-[^-jilmH]*[jilmH]$' $word
                set at (math $at + 1)
            end
        else
            break
        end
        set at (math $at + 1)
    end
    if test $at -le (count $words)
        printf '%s\n' $words[$at..-1]
    else
        # Behind `--`, or where no option begins, the command itself is at the cursor.
        test "$words[-1]" = --; and return 0
        test $at -gt (math (count $words) + 1); and return 1
        not string match -q -- '-*' (commandline -ct)
    end
end

# Completes as if the wrapped command stood alone.
function __pushmetrics_complete_command
    set -l words (__pushmetrics_command)
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
end

# Whether the line is at options or operands of one of these subcommands.
function __pushmetrics_is
    set -l words (commandline -opc)
    test (count $words) -ge 2; and contains -- $words[2] $argv; or return 1
    contains -- -- $words; and return 1
    contains -- $words[2] run step; or return 0
    not __pushmetrics_command >/dev/null
end

# A word that begins with a dash is an option.
function __pushmetrics_takes_files
    set -l words (commandline -opc)
    test (count $words) -ge 2; and contains -- $words[2] push check
    and not string match -q -- '-*' (commandline -ct)
end

function __pushmetrics_is_first
    test (count (commandline -opc)) -eq 1
end

complete -c pushmetrics -f
complete -c pushmetrics -n __pushmetrics_is_first -s h -l help -d 'List the subcommands'
complete -c pushmetrics -n __pushmetrics_is_first -s V -l version -d 'Print the version'
complete -c pushmetrics -n __pushmetrics_is_first -a run -d 'Run a job and push its result'
complete -c pushmetrics -n __pushmetrics_is_first -a push -d 'Push metrics from files or standard input'
complete -c pushmetrics -n __pushmetrics_is_first -a check -d 'Validate and lint metrics, send nothing'
complete -c pushmetrics -n __pushmetrics_is_first -a delete -d 'Delete one group, or all that match'
complete -c pushmetrics -n __pushmetrics_is_first -a list -d 'List the groups on the gateway'
complete -c pushmetrics -n __pushmetrics_is_first -a prune -d 'Delete old groups'
complete -c pushmetrics -n __pushmetrics_is_first -a wipe -d 'Delete all groups'
complete -c pushmetrics -n __pushmetrics_is_first -a flush -d 'Deliver the spooled pushes'
complete -c pushmetrics -n __pushmetrics_is_first -a set -d 'From inside a job: add a metric'
complete -c pushmetrics -n __pushmetrics_is_first -a add -d 'From inside a job: add to a counter'
complete -c pushmetrics -n __pushmetrics_is_first -a step -d 'From inside a job: run one step of it'
complete -c pushmetrics -n __pushmetrics_is_first -a doctor -d 'Check what a push depends on'
complete -c pushmetrics -n __pushmetrics_is_first -a rules -d 'Print Prometheus alerting rules'
complete -c pushmetrics -n __pushmetrics_is_first -a dashboard -d 'Print a dashboard for Grafana or a browser'
complete -c pushmetrics -n __pushmetrics_is_first -a completion -d 'Print the completion for a shell'

# The wrapped command, and files.
complete -c pushmetrics -n __pushmetrics_command -a '(__pushmetrics_complete_command)'
complete -c pushmetrics -n '__pushmetrics_takes_files' -F

# run
complete -c pushmetrics -n '__pushmetrics_is run' -l shell -x -a '(__fish_complete_command)' -d 'Run this text with /bin/sh'
complete -c pushmetrics -n '__pushmetrics_is run' -l timeout -x -d 'End the job after this time'
complete -c pushmetrics -n '__pushmetrics_is run' -l signal -x -a 'TERM INT HUP QUIT KILL USR1 USR2 ALRM ABRT CONT STOP' -d 'Signal at the time limit'
complete -c pushmetrics -n '__pushmetrics_is run' -l kill-after -x -d 'Time from that signal to KILL'
complete -c pushmetrics -n '__pushmetrics_is run' -l success-codes -x -d 'Exit codes that count as success'
complete -c pushmetrics -n '__pushmetrics_is run' -l require-push -d 'Exit 125 if only the push failed'
complete -c pushmetrics -n '__pushmetrics_is run' -l linger -x -d 'Go on delivering in the background'
complete -c pushmetrics -n '__pushmetrics_is run' -l ci -d 'Job and labels from the CI system'
complete -c pushmetrics -n '__pushmetrics_is run' -l no-rusage -d 'Do not push CPU time and memory'
complete -c pushmetrics -n '__pushmetrics_is run' -l expect-every -x -d 'Interval within which it has to succeed'
complete -c pushmetrics -n '__pushmetrics_is run' -l schedule -x -a '@hourly @daily @weekly @monthly' -d 'When it runs, as in crontab'
complete -c pushmetrics -n '__pushmetrics_is run' -l timezone -x -a 'UTC' -d 'Time zone of the schedule'
complete -c pushmetrics -n '__pushmetrics_is run' -l grace -x -d 'How late after its scheduled time it may end'
complete -c pushmetrics -n '__pushmetrics_is run' -l count -d 'Push the number of successes and failures'
complete -c pushmetrics -n '__pushmetrics_is run' -l histogram -f -d 'Push a histogram of the durations of all runs'
complete -c pushmetrics -n '__pushmetrics_is run' -l notify-start -d 'Also push when the job has started'
complete -c pushmetrics -n '__pushmetrics_is run' -l heartbeat -x -d 'Push at this interval while it runs'
complete -c pushmetrics -n '__pushmetrics_is run push' -l dry-run -d 'Print the push and send nothing'

# The group
complete -c pushmetrics -n '__pushmetrics_is run push delete rules' -s j -l job -x -d 'Job name of the group'
complete -c pushmetrics -n '__pushmetrics_is run push delete' -s i -l instance -x -d 'Instance label of the group'
complete -c pushmetrics -n '__pushmetrics_is run push delete' -l instance-hostname -d 'The host name as the instance'
complete -c pushmetrics -n '__pushmetrics_is run push delete' -s l -l label -x -a $__pushmetrics_labels -d 'Further grouping label'
complete -c pushmetrics -n '__pushmetrics_is run push' -l allow-high-cardinality -d 'Do not warn about unbounded labels'

# Metrics
complete -c pushmetrics -n '__pushmetrics_is run push check' -s m -l metric -x -d 'Add a metric'
complete -c pushmetrics -n '__pushmetrics_is run list rules dashboard' -l prefix -x -d 'Prefix of the metrics\' names'
complete -c pushmetrics -n '__pushmetrics_is push check' -l from -x -a 'auto text openmetrics json' -d 'Input format'
complete -c pushmetrics -n '__pushmetrics_is push check' -l strict -d 'Reject what would be repaired'
complete -c pushmetrics -n '__pushmetrics_is push check' -l strip-timestamps -d 'Remove timestamps'
complete -c pushmetrics -n '__pushmetrics_is push' -l replace -d 'Replace the whole group'
complete -c pushmetrics -n '__pushmetrics_is push' -l allow-empty -d 'Push even if there is no sample'
complete -c pushmetrics -n '__pushmetrics_is check' -l lint -f -a 'warning error' -d 'Warn as promtool does'
complete -c pushmetrics -n '__pushmetrics_is set' -l type -x -a 'gauge counter untyped' -d 'Type of the metric'
complete -c pushmetrics -n '__pushmetrics_is set add' -l help-text -x -d 'Help text of the metric'

# Completions
complete -c pushmetrics -n '__pushmetrics_is completion' -a 'bash zsh fish' -d 'Shell'

# Groups of a gateway
complete -c pushmetrics -n '__pushmetrics_is delete list prune flush' -l match -x -a "job= instance= $__pushmetrics_labels" -d 'Groups whose label matches'
complete -c pushmetrics -n '__pushmetrics_is delete prune' -s n -l dry-run -d 'Print what would be deleted'
complete -c pushmetrics -n '__pushmetrics_is delete wipe flush' -s y -l yes -d 'Do not ask'
complete -c pushmetrics -n '__pushmetrics_is check delete list prune wipe flush doctor' -l json -d 'Print one JSON document'
complete -c pushmetrics -n '__pushmetrics_is list' -l sort -x -a 'group age state duration' -d 'Sort order'
complete -c pushmetrics -n '__pushmetrics_is list' -l watch -f -a '2s 10s 1m' -d 'Show them again and again'
complete -c pushmetrics -n '__pushmetrics_is prune' -l older-than -x -d 'Minimum age of the last push'
complete -c pushmetrics -n '__pushmetrics_is prune' -l keep-newest -x -d 'Keep this many groups of each job'

# The spool
complete -c pushmetrics -n '__pushmetrics_is flush' -l watch -d 'Stay, and deliver what is added'
complete -c pushmetrics -n '__pushmetrics_is flush' -l until-empty -d 'End when nothing waits'
complete -c pushmetrics -n '__pushmetrics_is flush' -l discard -d 'Drop pushes that no target will take'
complete -c pushmetrics -n '__pushmetrics_is flush' -l target -x -d 'Pushes for this target'
complete -c pushmetrics -n '__pushmetrics_is flush' -s n -l dry-run -d 'Print what would be discarded'

# Monitoring
complete -c pushmetrics -n '__pushmetrics_is rules dashboard' -l source -x -a 'pushgateway textfile remote-write' -d 'How the metrics reach Prometheus'
complete -c pushmetrics -n '__pushmetrics_is rules' -l format -x -a 'prometheus operator' -d 'Format of the rules'
complete -c pushmetrics -n '__pushmetrics_is rules' -l max-age -x -d 'Maximum age of the last success'
complete -c pushmetrics -n '__pushmetrics_is rules' -l max-silence -x -d 'Maximum age of the last heartbeat'
complete -c pushmetrics -n '__pushmetrics_is rules' -l failures -x -d 'Failures in a row that are critical'
complete -c pushmetrics -n '__pushmetrics_is rules dashboard' -l lookback -x -d 'How far back to look for samples'
complete -c pushmetrics -n '__pushmetrics_is dashboard' -l format -x -a 'grafana html configmap' -d 'What to print'
complete -c pushmetrics -n '__pushmetrics_is dashboard' -l server -x -a 'http:// https://' -d 'Prometheus or Pushgateway that the page asks'

# Delivery, authentication and TLS
set -l pushing '__pushmetrics_is run push delete list prune wipe flush doctor'
complete -c pushmetrics -n $pushing -l url -x -a 'http:// https:// unix: textfile: remote-write+http:// remote-write+https:// remote-write2+http:// remote-write2+https:// otlp+http:// otlp+https:// otlp: stdout:' -d 'Target of the push'
complete -c pushmetrics -n $pushing -l push-timeout -x -d 'Time limit for a whole push'
complete -c pushmetrics -n $pushing -l connect-timeout -x -d 'Time limit for one connection'
complete -c pushmetrics -n $pushing -l retries -x -d 'Number of retries'
complete -c pushmetrics -n $pushing -l spool -x -a '(__fish_complete_directories)' -d 'Directory of the spool'
complete -c pushmetrics -n $pushing -l no-spool -d 'Discard undelivered pushes'
complete -c pushmetrics -n $pushing -l spool-max-bytes -x -d 'Maximum size of the spool'
complete -c pushmetrics -n $pushing -l spool-max-age -x -d 'Maximum age of a spooled push'
complete -c pushmetrics -n $pushing -l user -x -d 'User for basic authentication'
complete -c pushmetrics -n $pushing -l password-file -r -F -d 'File with the password'
complete -c pushmetrics -n $pushing -l bearer-token-file -r -F -d 'File with a bearer token'
complete -c pushmetrics -n $pushing -s H -l header -x -d 'Further header'
complete -c pushmetrics -n $pushing -l cacert -r -F -d 'Trust these certificate authorities'
complete -c pushmetrics -n $pushing -l cert -r -F -d 'Client certificate'
complete -c pushmetrics -n $pushing -l key -r -F -d 'Private key of the certificate'
complete -c pushmetrics -n $pushing -l insecure -d 'Do not verify the certificate'

# Every subcommand
set -l any '__pushmetrics_is run push check delete list prune wipe flush set add step doctor rules dashboard completion'
complete -c pushmetrics -n $any -l config -r -F -d 'Also read this configuration file'
complete -c pushmetrics -n $any -s v -l verbose -d 'Report progress'
complete -c pushmetrics -n $any -s q -l quiet -d 'Print errors only'
complete -c pushmetrics -n $any -s h -l help -d 'Print the options'
