# Start of root's login shells; starts no program, as /etc/profile.
if [ "${BASH-}" ] && [ -f ~/.bashrc ]; then
  . ~/.bashrc
fi
